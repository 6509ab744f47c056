package io.t3d.core.cuda;

import com.google.common.primitives.Bytes;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A folder with a libtorch, of which the version is told before anything of it is loaded. */
final class LibtorchFolder {
  /** The release that DJL's JNI library and the presets were built for. */
  static final String VERSION = "2.7.1";

  private static final String LIBRARY = "libtorch_cpu.so";
  private static final Pattern PYTHON = Pattern.compile("__version__\\s*=\\s*'([^']+)'");

  /** Stands in the library among the settings of its build. */
  private static final byte[] MARK = "TORCH_VERSION=".getBytes(StandardCharsets.US_ASCII);

  private static final int LONGEST_VERSION = 32;
  private static final int CHUNK = 1 << 22;

  private LibtorchFolder() {}

  /**
   * The version of a libtorch: what the files beside its folder say (libtorch's {@code
   * build-version}, PyTorch's {@code version.py}), else what the library says, which takes half a
   * second.
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
    Path library = folder.resolve(LIBRARY);
    return Files.isReadable(library) ? inside(library) : Optional.empty();
  }

  /** Whether a version such as {@code 2.7.1+cu128} is the release that fits. */
  static boolean fits(String version) {
    return version.equals(VERSION) || version.startsWith(VERSION + "+");
  }

  private static Optional<String> inside(Path library) throws IOException {
    int overlap = MARK.length + LONGEST_VERSION;
    byte[] buffer = new byte[CHUNK + overlap];
    int kept = 0;
    try (InputStream in = Files.newInputStream(library)) {
      int read = in.readNBytes(buffer, 0, CHUNK);
      while (read > 0) {
        int length = kept + read;
        int at = Bytes.indexOf(length == buffer.length ? buffer : Arrays.copyOf(buffer, length), MARK);
        if (at >= 0 && (at + overlap <= length || length < CHUNK)) {
          return Optional.of(numbers(buffer, at + MARK.length, length));
        }
        kept = Math.min(overlap, length);
        System.arraycopy(buffer, length - kept, buffer, 0, kept);
        read = in.readNBytes(buffer, kept, CHUNK);
      }
    }
    return Optional.empty();
  }

  private static String numbers(byte[] text, int from, int end) {
    int to = from;
    while (to < end && (Character.isDigit(text[to]) || text[to] == '.')) {
      to++;
    }
    return new String(text, from, to - from, StandardCharsets.US_ASCII);
  }
}
