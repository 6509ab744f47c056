package io.t3d.data.published;

import io.t3d.data.manifest.Split;
import java.io.IOException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * Finds files of a set, and reads the words for their parts. Links are followed: big sets are often
 * linked together from disks.
 */
final class SetFiles {
  private SetFiles() {}

  /** The first of the folders that holds the file. */
  static Optional<Path> find(List<Path> folders, String name) {
    return folders.stream().map(f -> f.resolve(name)).filter(Files::isRegularFile).findFirst();
  }

  /** The same for a pattern of names; of several releases in one folder the last by name. */
  static Optional<Path> findLast(List<Path> folders, Pattern name) throws IOException {
    for (Path folder : folders) {
      if (Files.isDirectory(folder)) {
        try (Stream<Path> files = Files.list(folder)) {
          Optional<Path> last =
              files
                  .filter(f -> name.matcher(f.getFileName().toString()).matches())
                  .max(Comparator.naturalOrder());
          if (last.isPresent()) {
            return last;
          }
        }
      }
    }
    return Optional.empty();
  }

  /** Files below a folder by their names, which are unique in the published sets. */
  static Map<String, Path> byName(Path folder, int depth, Pattern name) throws IOException {
    Map<String, Path> found = new TreeMap<>();
    if (!Files.isDirectory(folder)) {
      return new HashMap<>();
    }
    try (Stream<Path> files = Files.walk(folder, depth, FileVisitOption.FOLLOW_LINKS)) {
      files
          .sorted()
          .filter(f -> name.matcher(f.getFileName().toString()).matches())
          .filter(Files::isRegularFile)
          .forEach(f -> found.putIfAbsent(f.getFileName().toString(), f));
    }
    return found;
  }

  /** The sets' word for a split; {@link Split#UNASSIGNED} when it is none. */
  static Split split(String word) {
    return switch (word.toLowerCase(Locale.ROOT)) {
      case "train" -> Split.TRAIN;
      case "valid", "val", "validation" -> Split.VALIDATION;
      case "test" -> Split.TEST;
      default -> Split.UNASSIGNED;
    };
  }
}
