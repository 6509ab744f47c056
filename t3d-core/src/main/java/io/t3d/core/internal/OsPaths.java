package io.t3d.core.internal;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Absolute paths that mean what the operating system says: {@code ..} after a symbolic link leads
 * to the parent of the link's target. {@link Path#normalize()} strikes the link out instead, and so
 * may name another file.
 */
public final class OsPaths {
  private OsPaths() {}

  /**
   * The path, absolute and without {@code .} and {@code ..}. Links are followed only where a {@code
   * ..} goes back through them, so that a path without one stays as the user wrote it.
   *
   * @param path need not exist
   */
  public static Path resolve(Path path) {
    Path full = path.toAbsolutePath();
    Path at = full.getRoot();
    for (Path name : full) {
      String text = name.toString();
      if (text.equals("..")) {
        Path from = linkFree(at);
        at = from.getParent() == null ? from : from.getParent();
      } else if (!text.equals(".") && !text.isEmpty()) {
        at = at.resolve(name);
      }
    }
    return at;
  }

  /** The file itself, by whatever links it is named; the path, absolute, where that is unknown. */
  public static Path identity(Path path) {
    try {
      return path.toRealPath();
    } catch (IOException e) {
      return resolve(path);
    }
  }

  private static Path linkFree(Path path) {
    try {
      return Files.isSymbolicLink(path) ? path.toRealPath() : path;
    } catch (IOException e) {
      return path; // a link to nothing: what follows does not exist either
    }
  }
}
