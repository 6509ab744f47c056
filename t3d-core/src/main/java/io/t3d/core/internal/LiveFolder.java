package io.t3d.core.internal;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.Set;

/**
 * Looks through folders that others change meanwhile. {@link Files#walk} throws where a file goes
 * between its listing and its reading.
 */
public final class LiveFolder {
  private LiveFolder() {}

  /** What is done with a file, or a link, which is not followed. */
  @FunctionalInterface
  public interface Visit {
    /** Takes a file that was there a moment ago. */
    void file(Path file, BasicFileAttributes attributes) throws IOException;
  }

  /**
   * Visits all files and links of a folder, and the folders at the last depth; those that go
   * meanwhile are passed over.
   *
   * @param folder must be there
   * @param depth of folders, 1 for its own files alone
   */
  public static void visit(Path folder, int depth, Visit visit) throws IOException {
    Files.walkFileTree(
        folder,
        Set.of(),
        depth,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
              throws IOException {
            visit.file(file, attributes);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult visitFileFailed(Path file, IOException e) throws IOException {
            if (e instanceof NoSuchFileException && !file.equals(folder)) {
              return FileVisitResult.CONTINUE;
            }
            throw e;
          }
        });
  }
}
