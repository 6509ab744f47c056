package io.t3d.remote;

import io.t3d.core.HasKind;
import io.t3d.core.T3dException;
import java.io.IOException;

/** A remote object has another content than when it was first read. */
public final class ObjectChangedException extends IOException implements HasKind {
  private static final long serialVersionUID = 1L;

  ObjectChangedException(String uri) {
    super(uri + " has changed while it was being read; start again when nobody writes there");
  }

  @Override
  public T3dException.Kind kind() {
    return T3dException.Kind.INPUT;
  }
}
