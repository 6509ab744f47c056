package io.t3d.core.train;

/** Too many steps in a row had no finite loss and gradient. The last checkpoint is intact. */
public final class DivergedException extends RuntimeException {
  private static final long serialVersionUID = 1;

  public DivergedException(String message) {
    super(message);
  }
}
