package io.t3d.data.prepare;

import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import io.t3d.core.config.Configs;
import io.t3d.core.internal.OsPaths;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/** Hashes that name prepared volumes and tell whether their source or settings have changed. */
final class Fingerprints {
  private Fingerprints() {}

  /** The name of a study's folders: stable, and free of the identifiers that paths may hold. */
  static String name(Study study) {
    Hasher hasher = Hashing.sha256().newHasher();
    for (Path source : study.sources()) {
      put(hasher, OsPaths.resolve(source).toString());
    }
    return hasher.hash().toString().substring(0, 20);
  }

  /**
   * Of the settings, the calibration, and the path, length and time of change of each source file.
   */
  static String of(Study study, PreparationConfig config, Masks.OtherGrid otherGrid)
      throws IOException {
    Hasher hasher = Hashing.sha256().newHasher();
    hasher.putInt(Preparation.FORMAT);
    put(hasher, Configs.toJson(config));
    put(hasher, study.calibration().toString());
    if (study.mask().isPresent() && otherGrid != Masks.OtherGrid.REFUSE) {
      put(hasher, otherGrid.name());
    }
    for (Path source : study.sources()) {
      for (Path file : files(source)) {
        put(hasher, OsPaths.resolve(file).toString());
        hasher.putLong(Files.size(file));
        hasher.putLong(Files.getLastModifiedTime(file).toMillis());
      }
    }
    return hasher.hash().toString();
  }

  private static List<Path> files(Path source) throws IOException {
    if (!Files.isDirectory(source)) {
      return List.of(source);
    }
    // A walk does not enter a link, not even where it starts.
    Path folder = Files.isSymbolicLink(source) ? source.toRealPath() : source;
    try (Stream<Path> files = Files.walk(folder)) {
      return files.filter(Files::isRegularFile).sorted().toList();
    }
  }

  private static void put(Hasher hasher, String text) {
    // Its length first, so that no two lists of texts run together.
    hasher.putInt(text.length()).putString(text, StandardCharsets.UTF_8);
  }
}
