package io.t3d.core.internal.cuda;

import java.io.IOException;
import java.nio.file.Path;

/** Symbolic links. */
final class Links {
  private Links() {}

  /** The file that a link leads to in the end; the path itself where that cannot be told. */
  static Path real(Path path) {
    try {
      return path.toRealPath();
    } catch (IOException e) {
      return path;
    }
  }
}
