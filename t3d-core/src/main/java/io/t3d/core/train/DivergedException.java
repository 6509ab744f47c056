package io.t3d.core.train;

import io.t3d.core.T3dException;

/** Too many steps in a row had no finite loss and gradient. The last checkpoint is intact. */
public final class DivergedException extends T3dException {
  private static final long serialVersionUID = 1;

  public DivergedException(String message) {
    super(Kind.USAGE, message);
  }
}
