package io.t3d.serve.internal;

import java.util.OptionalInt;

/** Why a request is not served: its status, and words for the client. */
public final class Refusal extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int status;
  private final int retryAfter;

  private Refusal(int status, int retryAfter, String message) {
    super(message, null, false, false);
    this.status = status;
    this.retryAfter = retryAfter;
  }

  /**
   * A refusal.
   *
   * @param status of HTTP
   * @param message what is wrong, expected, got, and the likely fix
   */
  public static Refusal of(int status, String message) {
    return new Refusal(status, 0, message);
  }

  /** The request itself is wrong. */
  public static Refusal badRequest(String message) {
    return of(400, message);
  }

  /** The request brings too much. */
  public static Refusal tooLarge(String message) {
    return of(413, message);
  }

  /**
   * There is no room now.
   *
   * @param seconds after which another try makes sense
   */
  public static Refusal later(int status, int seconds, String message) {
    return new Refusal(status, seconds, message);
  }

  /** Of HTTP. */
  public int status() {
    return status;
  }

  /** Seconds after which another try makes sense. */
  public OptionalInt retryAfter() {
    return retryAfter == 0 ? OptionalInt.empty() : OptionalInt.of(retryAfter);
  }
}
