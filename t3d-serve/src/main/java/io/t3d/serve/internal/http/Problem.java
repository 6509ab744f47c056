package io.t3d.serve.internal.http;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.OptionalInt;

/**
 * Why a request got no answer, as {@code application/problem+json} (RFC 9457).
 *
 * @param type a name of the status, as a URN
 * @param title the status in words
 * @param status of HTTP
 * @param detail what is wrong, expected, got, and the likely fix: the library's own words
 * @param instance the request, as a URN with its id
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Problem(String type, String title, int status, String detail, String instance) {
  /** Its media type. */
  static final String MEDIA_TYPE = "application/problem+json";

  /** A problem of a request. */
  static Problem of(int status, String detail, String requestId) {
    String title = org.eclipse.jetty.http.HttpStatus.getMessage(status);
    return new Problem(
        "urn:t3d:problem:" + title.toLowerCase(java.util.Locale.ROOT).replace(' ', '-'),
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
  record Answer(Problem problem, OptionalInt retryAfter) {}
}
