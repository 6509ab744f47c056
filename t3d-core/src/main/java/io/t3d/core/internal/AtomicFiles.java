package io.t3d.core.internal;

import com.google.common.io.MoreFiles;
import com.google.common.io.RecursiveDeleteOption;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.AtomicMoveNotSupportedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;

/**
 * Writes files so that a reader, or a run that starts after a crash, sees the old content or the
 * new one, never a half. The content goes to a temporary file in the same folder, is forced to the
 * disk and then moved over the target.
 */
public final class AtomicFiles {
  private static final AtomicLong COUNTER = new AtomicLong();

  private AtomicFiles() {}

  /** Fills a file. */
  @FunctionalInterface
  public interface Content {
    /** Writes all content to a channel that is open and empty. */
    void writeTo(FileChannel channel) throws IOException;
  }

  /**
   * Writes a file as a whole. Missing parent folders are made. A new file gets the permissions that
   * the process gives to its files, a replaced one keeps its own.
   *
   * @param file the target; replaced when it exists
   * @param content writes the bytes
   * @throws IOException naming the target when it cannot be written; the old file is then untouched
   */
  public static void write(Path file, Content content) throws IOException {
    Path folder = makeFolder(file.toAbsolutePath().getParent());
    requireNoFolder(file);
    Path temp = tempIn(folder, file);
    try {
      try (FileChannel channel =
          FileChannel.open(temp, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        content.writeTo(channel);
        channel.force(true);
      }
      replace(file, temp);
    } catch (FileSystemException | ClosedByInterruptException e) {
      throw e; // names a file, or is no fault of one
    } catch (IOException e) {
      throw new IOException("Cannot write " + file + ": " + e.getMessage(), e); // a full disk
    } finally {
      Files.deleteIfExists(temp);
    }
    force(folder);
  }

  /** Writes files into an empty folder. */
  @FunctionalInterface
  public interface FilesOfAFolder {
    /** Writes all of them, none in a folder below. */
    void writeTo(Path aside) throws IOException;
  }

  /**
   * Writes files that belong together. All are written aside, into a folder within their own,
   * before the first replaces an old one: where one cannot be written, all old ones stay. The old
   * {@code last} is deleted before the others are replaced, and the new one comes after them: a
   * process that is killed in between leaves a folder that lacks it, and never one of both.
   *
   * @param folder made when missing; other files in it stay
   * @param last the file without which nobody takes the folder for whole
   * @param gone files that are to be there no more
   * @param content writes the files
   * @throws IOException naming the file that cannot be written
   */
  public static void writeTogether(
      Path folder, String last, Set<String> gone, FilesOfAFolder content) throws IOException {
    Path aside = makeFolder(tempIn(makeFolder(folder.toAbsolutePath()), Path.of("saving")));
    try {
      content.writeTo(aside);
      List<String> written;
      try (Stream<Path> files = Files.list(aside)) {
        written = files.map(file -> file.getFileName().toString()).sorted().toList();
      }
      for (String name : written) {
        requireNoFolder(folder.resolve(name));
      }
      Files.deleteIfExists(folder.resolve(last));
      for (String name : gone) {
        Files.deleteIfExists(folder.resolve(name));
      }
      for (String name : written) {
        if (!name.equals(last)) {
          replace(folder.resolve(name), aside.resolve(name));
        }
      }
      if (written.contains(last)) {
        replace(folder.resolve(last), aside.resolve(last));
      }
    } catch (IOException e) {
      throw named(e, aside, folder);
    } finally {
      deleteTree(aside);
    }
    force(folder);
  }

  /** The same with the target's name in place of that of the file aside, which nobody knows. */
  private static IOException named(IOException e, Path aside, Path folder) {
    String message = e.getMessage();
    return message == null || !message.contains(aside.toString())
        ? e
        : new IOException(message.replace(aside.toString(), folder.toString()), e);
  }

  private static void requireNoFolder(Path file) throws IOException {
    if (Files.isDirectory(file)) {
      throw new IOException(file + " is a folder, expected a file to write to");
    }
  }

  private static void replace(Path file, Path fresh) throws IOException {
    keepPermissions(file, fresh);
    move(fresh, file);
  }

  /** Writes text as UTF-8, as a whole. */
  public static void writeText(Path file, String text) throws IOException {
    write(
        file,
        channel -> {
          var bytes = StandardCharsets.UTF_8.encode(text);
          while (bytes.hasRemaining()) {
            channel.write(bytes);
          }
        });
  }

  /**
   * Makes a folder and its parents.
   *
   * @throws IOException naming the file that stands where a folder is needed
   */
  public static Path makeFolder(Path folder) throws IOException {
    try {
      return Files.createDirectories(folder);
    } catch (FileAlreadyExistsException e) {
      throw new IOException(
          "Cannot make the folder " + folder + ": " + e.getMessage() + " is a file", e);
    }
  }

  /** Deletes a folder with all that is in it, if it is there; links are not followed. */
  public static void deleteTree(Path folder) throws IOException {
    if (Files.exists(folder)) {
      MoreFiles.deleteRecursively(folder, RecursiveDeleteOption.ALLOW_INSECURE);
    }
  }

  /** Forces a file's content, or a folder's entries where the system can, to the disk. */
  public static void force(Path path) throws IOException {
    boolean folder = Files.isDirectory(path);
    if (folder && System.getProperty("os.name").startsWith("Windows")) {
      return; // Windows cannot open a folder as a file, and orders its journal by itself.
    }
    try (FileChannel channel =
        FileChannel.open(path, folder ? StandardOpenOption.READ : StandardOpenOption.WRITE)) {
      channel.force(true);
    }
  }

  // A plain new file, not Files.createTempFile: that one would be readable by its owner only.
  private static Path tempIn(Path folder, Path file) {
    long pid = ProcessHandle.current().pid();
    String unique = pid + "-" + System.nanoTime() + "-" + COUNTER.incrementAndGet();
    return folder.resolve("." + file.getFileName() + "-" + unique + ".tmp");
  }

  private static void keepPermissions(Path old, Path fresh) throws IOException {
    if (Files.exists(old)
        && Files.getFileAttributeView(old, PosixFileAttributeView.class) != null) {
      Files.setPosixFilePermissions(fresh, Files.getPosixFilePermissions(old));
    }
  }

  private static void move(Path from, Path to) throws IOException {
    try {
      Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    } catch (AtomicMoveNotSupportedException e) {
      Files.move(from, to, StandardCopyOption.REPLACE_EXISTING);
    }
  }
}
