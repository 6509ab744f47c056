package io.t3d.core.internal.cuda;

import java.io.IOException;
import java.lang.module.ModuleDescriptor.Version;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A library of NVIDIA's on this machine.
 *
 * @param soname the name that others ask for, e.g. {@code libcudnn.so.9}
 * @param file where it is
 * @param version as its file's name or the header beside it tells, e.g. {@code 9.10.2}; that of the
 *     soname where neither does
 */
public record FoundLibrary(String soname, Path file, String version) {
  private static final Pattern NUMBERS = Pattern.compile("\\.so\\.(\\d+(?:\\.\\d+)*)$");
  private static final Pattern DEFINED =
      Pattern.compile("(?m)^\\s*#define\\s+CUDNN_(MAJOR|MINOR|PATCHLEVEL)\\s+(\\d+)");

  /** The library of that name in a folder; empty where it is not. */
  static Optional<FoundLibrary> in(Path folder, String soname) {
    Path file = folder.resolve(soname);
    return Files.isRegularFile(file)
        ? Optional.of(new FoundLibrary(soname, file, version(file)))
        : Optional.empty();
  }

  /** Whether the version is known and smaller. */
  boolean isOlderThan(String least) {
    boolean tellsMinor = version.indexOf('.') > 0;
    return tellsMinor && Version.parse(version).compareTo(Version.parse(least)) < 0;
  }

  /** What people call the library, by its name. */
  static String product(String soname) {
    String stem = soname.replaceFirst("^lib", "").replaceFirst("\\.so.*$", "");
    return switch (stem) {
      case "cublas", "cublasLt" -> "cuBLAS";
      case "cudnn" -> "cuDNN";
      case "cusparse" -> "cuSPARSE";
      case "cusolver" -> "cuSOLVER";
      case "cufft" -> "cuFFT";
      case "curand" -> "cuRAND";
      case "cudart" -> "CUDA's runtime";
      default -> stem;
    };
  }

  private static String version(Path file) {
    String named = numbers(file);
    String real = numbers(Links.real(file));
    String best = real.length() > named.length() ? real : named;
    return best.indexOf('.') < 0 && file.getFileName().toString().startsWith("libcudnn")
        ? header(file).orElse(best)
        : best;
  }

  private static String numbers(Path file) {
    Matcher found = NUMBERS.matcher(file.getFileName().toString());
    return found.find() ? found.group(1) : "";
  }

  /** pip's cuDNN has one number in its file names, and the header in {@code include} beside lib. */
  private static Optional<String> header(Path file) {
    Path above = file.resolveSibling("..").resolve("include");
    for (String name : new String[] {"cudnn_version.h", "cudnn_version_v9.h"}) {
      Path header = above.resolve(name);
      if (Files.isReadable(header)) {
        try {
          return defined(Files.readString(header));
        } catch (IOException e) {
          return Optional.empty();
        }
      }
    }
    return Optional.empty();
  }

  private static Optional<String> defined(String header) {
    String[] parts = new String[3];
    Matcher lines = DEFINED.matcher(header);
    while (lines.find()) {
      int at =
          switch (lines.group(1)) {
            case "MAJOR" -> 0;
            case "MINOR" -> 1;
            default -> 2;
          };
      parts[at] = lines.group(2);
    }
    return parts[0] == null || parts[1] == null || parts[2] == null
        ? Optional.empty()
        : Optional.of(String.join(".", parts));
  }
}
