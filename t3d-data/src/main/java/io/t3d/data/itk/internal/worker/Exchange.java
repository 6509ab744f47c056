package io.t3d.data.itk.internal.worker;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The private folder in which workers hand over voxels. A worker makes a file and writes it through
 * a mapping; Java maps the same pages and deletes the file's name at once.
 */
public final class Exchange implements AutoCloseable {
  private static final String PREFIX = "t3d-itk-";

  private static final String LOCK = "lock";

  private final Path folder;
  private final FileChannel lock; // open, and so locked, as long as this JVM lives
  private final AtomicLong counter = new AtomicLong();

  Exchange(Path parent) throws IOException {
    try {
      sweep(parent);
      folder =
          Files.createTempDirectory(
              parent,
              PREFIX,
              PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
      lock =
          FileChannel.open(
              folder.resolve(LOCK), StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE);
      lock.lock();
    } catch (IOException e) {
      throw new IOException(
          "Cannot make a folder in "
              + parent
              + " to hand over voxels; set -Dt3d.itk.exchange to a folder that can be written to",
          e);
    }
  }

  /** Removes the folders of JVMs that were killed: nobody holds their lock. */
  private static void sweep(Path parent) throws IOException {
    try (DirectoryStream<Path> folders = Files.newDirectoryStream(parent, PREFIX + "*")) {
      for (Path folder : folders) {
        if (Files.isWritable(folder.resolve(LOCK)) && isAbandoned(folder.resolve(LOCK))) {
          delete(folder);
        }
      }
    }
  }

  private static boolean isAbandoned(Path lock) throws IOException {
    try (FileChannel channel = FileChannel.open(lock, StandardOpenOption.WRITE);
        FileLock held = channel.tryLock()) {
      return held != null;
    } catch (OverlappingFileLockException e) {
      return false; // ours
    }
  }

  Path folder() {
    return folder;
  }

  Slot slot() {
    return new Slot(folder.resolve(Long.toString(counter.incrementAndGet())));
  }

  /** The place of one file. */
  record Slot(Path path) implements AutoCloseable {
    /** Maps the file, and lets its name go. */
    Voxels map() throws IOException {
      try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
        Voxels voxels = new Voxels(channel);
        Files.delete(path);
        return voxels;
      }
    }

    /** Whatever happened, no file stays. */
    @Override
    public void close() throws IOException {
      Files.deleteIfExists(path);
    }
  }

  /** Mapped voxels, in parts since a buffer ends at 2 GiB. */
  public static final class Voxels implements AutoCloseable {
    /** A multiple of every voxel size. */
    private static final long PART = 1 << 30;

    private final MappedParts mapping = MappedParts.open();
    private final List<ByteBuffer> parts = new ArrayList<>();
    private final long size;

    private Voxels(FileChannel channel) throws IOException {
      size = channel.size();
      try {
        for (long at = 0; at < size; at += PART) {
          parts.add(mapping.map(channel, at, Math.min(PART, size - at)));
        }
      } catch (IOException | RuntimeException e) {
        mapping.close();
        throw e;
      }
    }

    public long size() {
      return size;
    }

    /**
     * A view of native byte order from a byte on, within one part: it can be shorter than asked.
     */
    public ByteBuffer view(long from, long length) {
      ByteBuffer part = parts.get((int) (from / PART)).duplicate();
      int at = (int) (from % PART);
      part.position(at);
      part.limit((int) Math.min(part.capacity(), at + length));
      return part.slice().order(ByteOrder.nativeOrder());
    }

    @Override
    public void close() {
      parts.clear();
      mapping.close();
    }
  }

  @Override
  public void close() {
    try {
      lock.close();
      delete(folder);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void delete(Path folder) throws IOException {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
      for (Path file : files) {
        Files.deleteIfExists(file);
      }
      Files.deleteIfExists(folder);
    } catch (NoSuchFileException e) {
      // Deleted before.
    }
  }
}
