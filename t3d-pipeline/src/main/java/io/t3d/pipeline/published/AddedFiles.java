package io.t3d.pipeline.published;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.stream.Stream;

/**
 * What a user has put into the folder of an import: kept when a further import replaces that.
 * Nothing of the old folder is moved or changed before the new one takes its place.
 */
final class AddedFiles {
  /** Settings that a user may change by hand, see docs/published-models.md. */
  private static final List<String> SETTINGS = List.of("data.json", "prompts.json");

  private AddedFiles() {}

  /**
   * Brings the user's files into the new folder.
   *
   * @param old the folder of an earlier import; may be missing
   * @param fresh what replaces it
   * @throws IOException when a file can be neither linked nor copied
   */
  static void keep(Path old, Path fresh) throws IOException {
    if (!Files.isDirectory(old)) {
      return;
    }
    List<Path> added;
    try (Stream<Path> inside = Files.list(old)) {
      added =
          inside
              .filter(p -> !PublishedModels.OWN.contains(p.getFileName().toString()))
              .sorted()
              .toList();
    }
    for (Path path : added) {
      copyTree(path, fresh.resolve(path.getFileName().toString()));
    }
    for (String name : SETTINGS) {
      Path before = old.resolve(name);
      Path now = fresh.resolve(name);
      boolean same = Files.exists(now) && Files.exists(before) && Files.mismatch(before, now) < 0;
      if (Files.exists(before) && !same) {
        keepSettings(before, fresh, name.substring(0, name.length() - ".json".length()));
      }
    }
  }

  /** Under a name that is free, or holds the same already. */
  private static void keepSettings(Path before, Path fresh, String name) throws IOException {
    Path kept = fresh.resolve(name + ".previous.json");
    for (int i = 2; Files.exists(kept) && Files.mismatch(before, kept) >= 0; i++) {
      kept = fresh.resolve(name + ".previous-" + i + ".json");
    }
    if (!Files.exists(kept)) {
      Files.copy(before, kept);
    }
  }

  private static void copyTree(Path from, Path to) throws IOException {
    Files.walkFileTree(
        from,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult preVisitDirectory(Path folder, BasicFileAttributes attributes)
              throws IOException {
            Files.createDirectory(target(folder));
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            linkOrCopy(file, target(file), attributes);
            return FileVisitResult.CONTINUE;
          }

          private Path target(Path path) {
            return path.equals(from) ? to : to.resolve(from.relativize(path).toString());
          }
        });
  }

  /** A second name for the same bytes costs nothing, and the old folder keeps its own. */
  private static void linkOrCopy(Path from, Path to, BasicFileAttributes attributes)
      throws IOException {
    if (attributes.isRegularFile()) {
      try {
        Files.createLink(to, from);
        return;
      } catch (IOException | UnsupportedOperationException | SecurityException e) {
        // A file system without links: copied below.
      }
    }
    Files.copy(from, to, StandardCopyOption.COPY_ATTRIBUTES, LinkOption.NOFOLLOW_LINKS);
  }
}
