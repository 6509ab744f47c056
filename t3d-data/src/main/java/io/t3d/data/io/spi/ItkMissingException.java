package io.t3d.data.io.spi;

import io.t3d.core.HasKind;
import io.t3d.core.T3dException;
import java.io.IOException;

/** ITK's natives are not on the class path. */
public final class ItkMissingException extends IOException implements HasKind {
  private static final long serialVersionUID = 1L;

  public ItkMissingException() {
    super(
        "ITK's natives are not on the class path: add io.t3d:t3d-data with classifier linux-x86_64,"
            + " or in a source build apt-get install libinsighttoolkit5-dev g++ make and build"
            + " again (docs/natives-itk.md)");
  }

  @Override
  public T3dException.Kind kind() {
    return T3dException.Kind.ENVIRONMENT;
  }
}
