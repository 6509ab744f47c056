package io.t3d.serve.internal;

import java.util.Locale;
import java.util.OptionalInt;
import org.eclipse.jetty.http.HttpStatus;

/**
 * Why a request got no answer, as {@code application/problem+json} (RFC 9457).
 *
 * @param type a name of the status, as a URN
 * @param title the status in words
 * @param status of HTTP
 * @param detail what is wrong, expected, got, and the likely fix: the library's own words
 * @param instance the request, as a URN with its id
 */
public record Problem(String type, String title, int status, String detail, String instance) {
  /** Its media type. */
  public static final String MEDIA_TYPE = "application/problem+json";

  /**
   * A problem of a request.
   *
   * @param requestId also in the header {@code X-Request-Id} and in the log
   */
  public static Problem of(int status, String detail, String requestId) {
    String title = HttpStatus.getMessage(status);
    return new Problem(
        "urn:t3d:problem:" + title.toLowerCase(Locale.ROOT).replace(' ', '-'),
        title,
        status,
        detail,
        "urn:t3d:request:" + requestId);
  }

  /**
   * A problem and when another try makes sense.
   *
   * @param retryAfter seconds
   */
  public record Answer(Problem problem, OptionalInt retryAfter) {}
}
