package io.t3d.serve.view;

/**
 * An error as RFC 9457 has it, {@code application/problem+json}.
 *
 * @param type {@code about:blank}: the status says it all
 * @param title the status in words
 * @param status of HTTP
 * @param detail what is wrong, and the likely fix
 */
record Problem(String type, String title, int status, String detail) {
  static final String MEDIA_TYPE = "application/problem+json";

  static Problem of(int status, String detail) {
    return new Problem("about:blank", title(status), status, detail);
  }

  private static String title(int status) {
    return switch (status) {
      case 400 -> "Bad Request";
      case 403 -> "Forbidden";
      case 404 -> "Not Found";
      case 405 -> "Method Not Allowed";
      case 413 -> "Content Too Large";
      case 415 -> "Unsupported Media Type";
      case 422 -> "Unprocessable Content";
      case 500 -> "Internal Server Error";
      default -> "Error";
    };
  }

  /** Ends a request with a problem. */
  static final class Thrown extends RuntimeException {
    private static final long serialVersionUID = 1L;
    private final int status;

    Thrown(int status, String detail) {
      super(detail);
      this.status = status;
    }

    Problem problem() {
      return of(status, String.valueOf(getMessage()));
    }
  }
}
