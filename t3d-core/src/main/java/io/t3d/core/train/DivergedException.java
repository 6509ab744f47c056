package io.t3d.core.train;

import io.t3d.core.T3dException;

/**
 * Training was stopped because too many consecutive steps had a non-finite loss or gradient. The
 * last checkpoint is intact.
 */
public final class DivergedException extends T3dException {
  private static final long serialVersionUID = 1;

  public DivergedException(String message) {
    super(Kind.USAGE, message);
  }
}
