package io.t3d.serve.internal.http;

import io.t3d.serve.internal.Problem;
import jakarta.servlet.http.HttpServletRequest;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.UUID;
import org.eclipse.jetty.http.HttpFields;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.handler.ErrorHandler;

/** Problems of requests that Jetty refuses before they reach an endpoint. */
final class ProblemPages extends ErrorHandler {
  private static final String REQUEST_ID = "X-Request-Id";

  @Override
  public void handle(
      String target, Request base, HttpServletRequest request, HttpServletResponse response)
      throws IOException {
    base.setHandled(true);
    String id = UUID.randomUUID().toString();
    response.setContentType(Problem.MEDIA_TYPE);
    response.setHeader(REQUEST_ID, id);
    response.getOutputStream().write(problem(response.getStatus(), id));
  }

  /** Of a header that cannot be read: there is no request yet. */
  @Override
  public ByteBuffer badMessageError(int status, String reason, HttpFields.Mutable fields) {
    String id = UUID.randomUUID().toString();
    fields.put(HttpHeader.CONTENT_TYPE, Problem.MEDIA_TYPE);
    fields.put(REQUEST_ID, id);
    return ByteBuffer.wrap(problem(status, id));
  }

  private static byte[] problem(int status, String id) {
    String words =
        switch (status) {
          case 414 -> "the address is too long; send JSON or a form in place of a query";
          case 431 -> "the header is too large; send less in it";
          default -> "this is not a request that can be read";
        };
    return Json.bytes(Problem.of(status, words, id));
  }
}
