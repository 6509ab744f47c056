package io.t3d.data.io.spi;

import java.io.IOException;

/** ITK's natives are not on the class path. */
public final class ItkMissingException extends IOException {
  private static final long serialVersionUID = 1L;

  public ItkMissingException() {
    super(
        "ITK's natives are not on the class path: add io.t3d:t3d-data with classifier linux-x86_64,"
            + " or in a source build apt-get install libinsighttoolkit5-dev g++ make and build"
            + " again (docs/natives-itk.md)");
  }
}
