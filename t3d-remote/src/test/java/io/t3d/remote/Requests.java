package io.t3d.remote;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import software.amazon.awssdk.core.interceptor.Context;
import software.amazon.awssdk.core.interceptor.ExecutionAttributes;
import software.amazon.awssdk.core.interceptor.ExecutionInterceptor;
import software.amazon.awssdk.http.SdkHttpRequest;

/** Notes what every client of the AWS SDK in this JVM sends, each try of its own. */
public final class Requests implements ExecutionInterceptor {
  private static final List<String> SENT = Collections.synchronizedList(new ArrayList<>());

  /** For the SDK. */
  public Requests() {}

  @Override
  public void beforeTransmission(Context.BeforeTransmission context, ExecutionAttributes about) {
    SdkHttpRequest request = context.httpRequest();
    String query =
        request.firstMatchingRawQueryParameter("list-type").isPresent()
            ? "LIST"
            : request.method().name();
    SENT.add(query + " " + request.encodedPath());
  }

  /** What was sent since the last time. */
  static List<String> take() {
    synchronized (SENT) {
      List<String> sent = List.copyOf(SENT);
      SENT.clear();
      return sent;
    }
  }
}
