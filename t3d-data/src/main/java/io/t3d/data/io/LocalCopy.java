package io.t3d.data.io;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import io.t3d.data.io.spi.VolumeFormatException;
import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A remote volume as files of this machine, for readers that cannot open it where it is: a series'
 * folder with its files, or a file with those that share its name up to the first dot, as a
 * header's data do.
 */
final class LocalCopy implements AutoCloseable {
  private final Path folder;
  private final Path local;

  private LocalCopy(Path folder, Path local) {
    this.folder = folder;
    this.local = local;
  }

  /** What is done with a copy. */
  interface Use<T> {
    T of(Path path) throws IOException;
  }

  /** Copies a volume, uses it, and deletes the copy; messages name the remote path. */
  static <T> T with(Path remote, Use<T> use) throws IOException {
    try (LocalCopy copy = of(remote)) {
      try {
        return use.of(copy.local);
      } catch (VolumeFormatException e) {
        String local = copy.local + ": ";
        String text = String.valueOf(e.getMessage());
        throw new VolumeFormatException(
            remote, text.startsWith(local) ? text.substring(local.length()) : text, e);
      }
    }
  }

  private static LocalCopy of(Path remote) throws IOException {
    Path folder = Files.createTempDirectory("t3d-remote-");
    boolean done = false;
    try {
      Path local = folder.resolve(String.valueOf(remote.getFileName()));
      if (Files.isDirectory(remote)) {
        Files.createDirectory(local);
        copyAll(remote, local, "");
      } else {
        copyAll(remote.getParent(), folder, stem(remote));
      }
      done = true;
      return new LocalCopy(folder, local);
    } finally {
      if (!done) {
        delete(folder);
      }
    }
  }

  private static String stem(Path file) {
    String name = String.valueOf(file.getFileName());
    int dot = name.indexOf('.', 1);
    return dot < 0 ? name : name.substring(0, dot + 1);
  }

  private static void copyAll(Path from, Path to, String beginning) throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(from)) {
      for (Path file : files) {
        String name = String.valueOf(file.getFileName());
        if (name.startsWith(beginning) && Files.isRegularFile(file)) {
          Files.copy(file, to.resolve(name));
        }
      }
    }
  }

  private static void delete(Path folder) throws IOException {
    MoreFiles.deleteRecursively(folder, RecursiveDeleteOption.ALLOW_INSECURE);
  }

  @Override
  public void close() throws IOException {
    delete(folder);
  }
}
