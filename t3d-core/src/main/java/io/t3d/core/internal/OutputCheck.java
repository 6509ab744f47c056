package io.t3d.core.internal;

import io.t3d.core.T3dException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Finds out before the work whether its result can be written. Nothing is left behind: a file is
 * written into the nearest folder that exists, and removed.
 */
public final class OutputCheck {
  private static final int PROBE_BYTES = 4096;
  private static final AtomicLong COUNTER = new AtomicLong();

  private OutputCheck() {}

  /**
   * Checks a folder to write into.
   *
   * @param folder may be missing, with its parents: then it could be made
   * @throws T3dException when it is a file, or cannot be made or written into
   */
  public static void folder(Path folder) {
    requireHere(folder);
    if (Files.exists(folder) && !Files.isDirectory(folder)) {
      throw problem(folder, "is a file, expected a folder to write to; choose another");
    }
    probe(folder, folder);
  }

  /**
   * Checks a file to write.
   *
   * @param file may exist, then it could be replaced; its folder may be missing
   * @throws T3dException when it is a folder, or its folder cannot be made or written into
   */
  public static void file(Path file) {
    requireHere(file);
    if (Files.isDirectory(file)) {
      throw problem(file, "is a folder, expected a file to write; add a file name");
    }
    Path parent = file.toAbsolutePath().getParent();
    if (parent == null) {
      throw problem(file, "is no file to write");
    }
    probe(file, parent);
  }

  private static void requireHere(Path output) {
    if (output.getFileSystem() != FileSystems.getDefault()) {
      throw problem(output, "is remote, where nothing is written; name a folder of this machine");
    }
  }

  private static void probe(Path output, Path folder) {
    Path at = OsPaths.resolve(folder);
    while (!Files.exists(at)) {
      if (Files.exists(at, LinkOption.NOFOLLOW_LINKS)) {
        throw problem(output, "cannot be written: " + at + " is a link to nothing");
      }
      if (at.getParent() == null) {
        throw problem(output, "cannot be written: there is no " + at);
      }
      at = at.getParent();
    }
    if (!Files.isDirectory(at)) {
      throw problem(output, "cannot be written: " + at + " is a file, expected a folder");
    }
    writeInto(output, at);
  }

  private static void writeInto(Path output, Path folder) {
    String name = ".t3d-" + ProcessHandle.current().pid() + "-" + COUNTER.incrementAndGet();
    Path probe = folder.resolve(name + ".tmp");
    try {
      try (FileChannel channel =
          FileChannel.open(probe, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        ByteBuffer bytes = ByteBuffer.allocate(PROBE_BYTES);
        while (bytes.hasRemaining()) {
          channel.write(bytes);
        }
      } finally {
        Files.deleteIfExists(probe);
      }
    } catch (IOException e) {
      String why = e.getMessage() == null ? e.toString() : e.getMessage();
      boolean named = why.equals(probe.toString()); // of a denial only the file is said
      throw new T3dException(
          T3dException.Kind.ENVIRONMENT,
          output
              + " cannot be written: nothing can be put into "
              + folder
              + (named ? "; you may not write there" : " (" + why.replace(probe + ": ", "") + ")"),
          e);
    }
  }

  private static T3dException problem(Path output, String text) {
    return new T3dException(T3dException.Kind.USAGE, output + " " + text);
  }
}
