package io.t3d.core.internal;

import com.sun.jna.Function;
import com.sun.jna.NativeLibrary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.stream.Stream;

/**
 * Replaces a folder as a whole.
 *
 * <ol>
 *   <li>The new content is written to {@code .NAME-new} and forced to the disk.
 *   <li>Without an old folder, {@code .NAME-new} is renamed to {@code NAME}. With one, the kernel
 *       exchanges the two names in one operation (Linux {@code renameat2}), so that {@code NAME} is
 *       a whole folder at any time.
 *   <li>Where the system or file system cannot exchange: {@code NAME} becomes {@code .NAME-old},
 *       then {@code .NAME-new} becomes {@code NAME}. A crash between the two leaves no {@code NAME}
 *       until {@link #recover} runs, and nothing is lost.
 *   <li>The old content is deleted.
 * </ol>
 */
public final class FolderSwap {
  private static final int AT_FDCWD = -100;
  private static final int RENAME_EXCHANGE = 2;

  private final Path target;
  private final Path fresh;
  private final Path old;

  public FolderSwap(Path target) {
    this.target = target.toAbsolutePath();
    this.fresh = this.target.resolveSibling("." + target.getFileName() + "-new");
    this.old = this.target.resolveSibling("." + target.getFileName() + "-old");
  }

  /** Whether a crash, or a process that is at it, has left something to put right. */
  public boolean isUnfinished() {
    return Files.exists(fresh) || Files.exists(old);
  }

  /** Puts right what a crash left behind. */
  public void recover() throws IOException {
    if (!Files.exists(target) && Files.exists(old)) {
      // The new folder was whole before the old one was moved away.
      Files.move(Files.exists(fresh) ? fresh : old, target, StandardCopyOption.ATOMIC_MOVE);
    }
    AtomicFiles.deleteTree(fresh);
    AtomicFiles.deleteTree(old);
  }

  /** An empty folder to write the new content to. */
  public Path begin() throws IOException {
    recover();
    if (Files.exists(target) && !Files.isDirectory(target)) {
      throw new IOException(target + " is a file, expected a folder or nothing");
    }
    AtomicFiles.makeFolder(target.getParent());
    return Files.createDirectory(fresh);
  }

  /** Makes the new content the target. */
  public void commit() throws IOException {
    forceAll(fresh);
    if (!Files.exists(target)) {
      Files.move(fresh, target, StandardCopyOption.ATOMIC_MOVE);
    } else if (!exchange(fresh, target)) {
      Files.move(target, old, StandardCopyOption.ATOMIC_MOVE);
      Files.move(fresh, target, StandardCopyOption.ATOMIC_MOVE);
    }
    AtomicFiles.force(target.getParent());
    AtomicFiles.deleteTree(fresh);
    AtomicFiles.deleteTree(old);
  }

  /** Drops the new content after a failure. */
  public void abort() throws IOException {
    AtomicFiles.deleteTree(fresh);
  }

  private static boolean exchange(Path a, Path b) {
    if (!System.getProperty("os.name").startsWith("Linux")) {
      return false;
    }
    try {
      Function rename = NativeLibrary.getInstance("c").getFunction("renameat2");
      Object[] arguments = {AT_FDCWD, a.toString(), AT_FDCWD, b.toString(), RENAME_EXCHANGE};
      return rename.invokeInt(arguments) == 0;
    } catch (UnsatisfiedLinkError e) {
      return false; // A C library before glibc 2.28.
    }
  }

  private static void forceAll(Path folder) throws IOException {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : (Iterable<Path>) files::iterator) {
        if (!Files.isSymbolicLink(file)) { // what it names may be elsewhere, or not there
          AtomicFiles.force(file);
        }
      }
    }
  }
}
