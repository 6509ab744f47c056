package io.t3d.data.io.spi;

import io.t3d.core.HasKind;
import io.t3d.core.T3dException;
import java.io.IOException;
import java.nio.file.Path;

/** A volume file is corrupt, truncated or of a kind that cannot be read. */
public class VolumeFormatException extends IOException implements HasKind {
  private static final long serialVersionUID = 1L;

  /**
   * Names the file and what is wrong with it.
   *
   * @param file the file
   * @param problem what was expected, what was found, and the likely fix
   */
  public VolumeFormatException(Path file, String problem) {
    super(file + ": " + problem);
  }

  /** As above, with the cause. */
  public VolumeFormatException(Path file, String problem, Throwable cause) {
    super(file + ": " + problem, cause);
  }

  @Override
  public T3dException.Kind kind() {
    return T3dException.Kind.INPUT;
  }
}
