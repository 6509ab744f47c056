package io.t3d.core;

/**
 * The root of T3D's unchecked exceptions: an error that the person running the program can fix. Its
 * message says what is wrong, what was expected, what was got, and the likely fix.
 *
 * <p>A call that breaks a method's contract, e.g. with an array of another shape, is an error of
 * the calling code: it gives {@link IllegalArgumentException} or {@link IllegalStateException}. A
 * file that cannot be read gives {@link java.io.IOException}.
 */
public class T3dException extends RuntimeException implements HasKind {
  private static final long serialVersionUID = 1L;

  /** Whose error it is. */
  public enum Kind {
    /** A file, a folder or a table is not what it should be. */
    INPUT,
    /** A setting or an argument is wrong. */
    USAGE,
    /** Natives, memory, disk or a device are missing or too small. */
    ENVIRONMENT
  }

  private final Kind kind;

  /**
   * An error with its explanation.
   *
   * @param kind whose error it is
   * @param message what is wrong, expected, got, and the likely fix
   */
  public T3dException(Kind kind, String message) {
    super(message);
    this.kind = kind;
  }

  /** The same with the cause. */
  public T3dException(Kind kind, String message, Throwable cause) {
    super(message, cause);
    this.kind = kind;
  }

  @Override
  public final Kind kind() {
    return kind;
  }
}
