package io.t3d.core.internal.cuda;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A folder with a libtorch, of which the version is told before anything of it is loaded. */
final class LibtorchFolder {
  /** The release that DJL's JNI library and the presets were built for. */
  static final String VERSION = "2.7.1";

  private static final Pattern PYTHON = Pattern.compile("__version__\\s*=\\s*'([^']+)'");

  private LibtorchFolder() {}

  /**
   * The version of a libtorch by the files above its folder: libtorch's {@code build-version} or
   * PyTorch's {@code version.py}. The library itself has no such text (its code puts it together).
   *
   * @param folder holds {@code libtorch_cpu.so}
   * @return e.g. {@code 2.7.1+cu128}; empty when it cannot be told
   */
  static Optional<String> version(Path folder) throws IOException {
    Path above = folder.resolveSibling("build-version");
    if (Files.isReadable(above)) {
      return Optional.of(Files.readString(above).strip());
    }
    Path python = folder.resolveSibling("version.py");
    if (Files.isReadable(python)) {
      Matcher found = PYTHON.matcher(Files.readString(python));
      if (found.find()) {
        return Optional.of(found.group(1));
      }
    }
    return Optional.empty();
  }

  /** Whether a version such as {@code 2.7.1+cu128} is the release that fits. */
  static boolean fits(String version) {
    return version.equals(VERSION) || version.startsWith(VERSION + "+");
  }
}
