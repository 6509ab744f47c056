package io.t3d.core.internal;

import io.t3d.core.T3dException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The right to write into an output folder, of one run at a time: a lock on the file {@code .lock}
 * in it. The system gives the lock up when the process ends in whatever way; the file stays and
 * says nothing. Within this JVM a second run is kept out, too.
 *
 * <p>Where the file system has no locks, as Lustre without {@code flock}, only runs of this JVM
 * keep each other out.
 */
public final class FolderLock implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(FolderLock.class);
  private static final String NAME = ".lock";

  /** Folders that this JVM writes into. Guarded by itself. */
  private static final Map<Path, FolderLock> HELD = new HashMap<>();

  private final Path folder;
  private final Thread owner = Thread.currentThread();
  private final FileChannel channel;
  private final boolean fresh;
  private boolean joined;

  private FolderLock(Path folder, FileChannel channel, boolean fresh) {
    this.folder = folder;
    this.channel = channel;
    this.fresh = fresh;
  }

  /**
   * Takes the folder.
   *
   * @param folder is made when missing
   * @throws T3dException when another run writes into it
   * @throws IOException when it cannot be written
   */
  public static FolderLock take(Path folder) throws IOException {
    return take(folder, !Files.exists(folder));
  }

  private static FolderLock take(Path folder, boolean fresh) throws IOException {
    Path real = AtomicFiles.makeFolder(folder.toAbsolutePath()).toRealPath();
    synchronized (HELD) {
      if (HELD.containsKey(real)) {
        throw taken(folder);
      }
      FolderLock lock = new FolderLock(real, locked(folder, real), fresh);
      HELD.put(real, lock);
      return lock;
    }
  }

  /**
   * Takes the folder, or joins the lock that the caller's caller has taken in this thread: what
   * does part of a run holds the folder by itself where it is called alone. One joins at a time.
   *
   * @throws T3dException when another run writes into it
   * @throws IOException when it cannot be written
   */
  public static Held join(Path folder) throws IOException {
    boolean fresh = !Files.exists(folder);
    Path real = AtomicFiles.makeFolder(folder.toAbsolutePath()).toRealPath();
    synchronized (HELD) {
      FolderLock outer = HELD.get(real);
      if (outer != null && outer.owner == Thread.currentThread() && !outer.joined) {
        outer.joined = true;
        return outer::leave;
      }
    }
    FolderLock own = take(folder, fresh);
    own.joined = true;
    return own::close;
  }

  /**
   * Takes the folder, or relies on the lock that the caller's caller has taken in this thread. What
   * is called then may {@link #join} it.
   *
   * @throws T3dException when another run writes into it
   * @throws IOException when it cannot be written
   */
  public static Held hold(Path folder) throws IOException {
    boolean fresh = !Files.exists(folder);
    Path real = AtomicFiles.makeFolder(folder.toAbsolutePath()).toRealPath();
    synchronized (HELD) {
      FolderLock outer = HELD.get(real);
      if (outer != null && outer.owner == Thread.currentThread() && !outer.joined) {
        return () -> {};
      }
    }
    FolderLock own = take(folder, fresh);
    return own::close;
  }

  /** Whether the run that holds the folder runs in this thread. */
  public static boolean isMine(Path folder) throws IOException {
    Path real = folder.toRealPath();
    synchronized (HELD) {
      FolderLock outer = HELD.get(real);
      return outer != null && outer.owner == Thread.currentThread();
    }
  }

  /** Gives back what {@link #join} or {@link #hold} took. */
  @FunctionalInterface
  public interface Held extends AutoCloseable {
    @Override
    void close() throws IOException;
  }

  private void leave() {
    synchronized (HELD) {
      joined = false;
    }
  }

  private static FileChannel locked(Path folder, Path real) throws IOException {
    FileChannel channel =
        FileChannel.open(real.resolve(NAME), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
    try {
      FileLock lock = channel.tryLock();
      if (lock == null) {
        channel.close();
        throw taken(folder);
      }
    } catch (OverlappingFileLockException e) {
      channel.close();
      throw taken(folder);
    } catch (IOException e) {
      LOG.warn(
          "{} is on a file system without locks ({}): nothing keeps a second run out of it",
          folder,
          e.getMessage());
    }
    return channel;
  }

  private static T3dException taken(Path folder) {
    return new T3dException(
        T3dException.Kind.USAGE,
        folder
            + " is being written by another run of t3d; wait for it to end, or choose another"
            + " output folder");
  }

  @Override
  public void close() throws IOException {
    synchronized (HELD) {
      HELD.remove(folder, this);
      try {
        if (fresh) {
          removeIfUnused();
        }
      } finally {
        channel.close(); // and with it the lock
      }
    }
  }

  /** A run that failed before it wrote anything leaves no folder behind. */
  private void removeIfUnused() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      if (files.anyMatch(file -> !file.getFileName().toString().equals(NAME))) {
        return;
      }
    }
    try {
      Files.deleteIfExists(folder.resolve(NAME));
      Files.deleteIfExists(folder);
    } catch (DirectoryNotEmptyException e) {
      // NFS keeps an open file under another name until it is closed: the empty folder stays.
    }
  }
}
