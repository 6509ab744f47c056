package io.t3d.remote;

import com.google.common.hash.Hashing;
import com.google.common.util.concurrent.Striped;
import io.t3d.core.T3dException;
import io.t3d.core.internal.AtomicFiles;
import io.t3d.core.internal.LiveFolder;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.Lock;
import java.util.stream.Stream;

/**
 * A folder of this machine that holds remote objects, up to a bound; what was not used for longest
 * goes first. Several processes may share it: a file appears whole or not at all, and one that is
 * deleted while another process reads it stays until that has closed it.
 *
 * <p>{@code ab/abc…/VERSION} holds the object whose URI has the hash abc….
 */
final class LocalCache {
  private static final String TEMPORARY = "tmp";
  private static final String LOCK = "lock";
  private static final long USED_EVERY_MILLIS = 60_000;
  private static final long LEFT_BEHIND_MILLIS = 3_600_000;
  private static final int LOOK_AFTER = 20; // a look for each twentieth of the bound
  private static final int TRIES = 3;

  private final Path folder;
  private final long bound;
  private final Striped<Lock> fetching = Striped.lock(64);
  private final AtomicLong sinceLook = new AtomicLong(Long.MAX_VALUE / 2); // look at the start

  /**
   * A cache.
   *
   * @param folder made when missing
   * @param bound in bytes; it may be passed by a twentieth, and by what is being read
   */
  LocalCache(Path folder, long bound) {
    this.folder = folder;
    this.bound = bound;
  }

  private Path folderOf(String uri) {
    String hash = Hashing.sha256().hashString(uri, StandardCharsets.UTF_8).toString();
    return folder.resolve(hash.substring(0, 2)).resolve(hash.substring(0, 40));
  }

  private static String fileName(String version) {
    byte[] bytes = version.getBytes(StandardCharsets.UTF_8);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  /** The version that is here; empty where none is. */
  Optional<String> version(String uri) throws IOException {
    try (Stream<Path> files = Files.list(folderOf(uri))) {
      return files
          .max(Comparator.comparing(LocalCache::used))
          .map(file -> file.getFileName().toString())
          .map(name -> new String(Base64.getUrlDecoder().decode(name), StandardCharsets.UTF_8));
    } catch (FileSystemException e) {
      return Optional.empty(); // where it cannot be read it cannot be written, which says why
    }
  }

  /** Opens an object; empty where it is not here. */
  Optional<FileChannel> open(String uri, String version) throws IOException {
    Path file = folderOf(uri).resolve(fileName(version));
    try {
      FileChannel channel = FileChannel.open(file, StandardOpenOption.READ);
      noteUse(file);
      return Optional.of(channel);
    } catch (FileSystemException e) {
      return Optional.empty();
    }
  }

  private static void noteUse(Path file) {
    try {
      long now = System.currentTimeMillis();
      if (now - Files.getLastModifiedTime(file).toMillis() > USED_EVERY_MILLIS) {
        Files.setLastModifiedTime(file, FileTime.fromMillis(now));
      }
    } catch (IOException e) {
      // Another process has deleted it: the open channel serves all the same.
    }
  }

  /** Puts an object here that is in memory. */
  void put(String uri, String version, byte[] bytes) throws IOException {
    store(uri, version, bytes.length, file -> Files.write(file, bytes));
  }

  /**
   * Opens an object; fetches it where it is not here. Threads of one process fetch it once.
   *
   * @param size as the store says
   */
  FileChannel fetch(String uri, String version, long size, RemoteFiles.Fetch fetch)
      throws IOException {
    Lock lock = fetching.get(uri);
    lock.lock();
    try {
      for (int i = 0; i < TRIES; i++) {
        Optional<FileChannel> there = open(uri, version);
        if (there.isPresent()) {
          return there.get();
        }
        store(uri, version, size, fetch);
      }
    } finally {
      lock.unlock();
    }
    throw new T3dException(
        T3dException.Kind.ENVIRONMENT,
        "The cache "
            + folder
            + " lost "
            + uri
            + " "
            + TRIES
            + " times before it was read; raise its bound, "
            + (bound >> 20)
            + " MB ("
            + RemoteSettings.CACHE_GB
            + ")");
  }

  private void store(String uri, String version, long size, RemoteFiles.Fetch fetch)
      throws IOException {
    Path target = folderOf(uri).resolve(fileName(version));
    Path temporary = folder.resolve(TEMPORARY).resolve(UUID.randomUUID().toString());
    try {
      makeRoom(size);
      makeFolder();
      Files.createDirectories(temporary.getParent());
      fetch.into(temporary);
      if (Files.size(temporary) != size) {
        throw new ObjectChangedException(uri);
      }
      AtomicFiles.force(temporary); // a name is for ever: after a power loss too it must be whole
      Files.createDirectories(target.getParent());
      Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
      removeOthers(target);
    } catch (NoSuchFileException e) {
      throw e;
    } catch (FileSystemException e) {
      throw new T3dException(
          T3dException.Kind.ENVIRONMENT,
          "The cache "
              + folder
              + " cannot take "
              + uri
              + " ("
              + (e.getReason() == null ? e.getClass().getSimpleName() : e.getReason())
              + "); name a folder with room by "
              + RemoteSettings.CACHE_DIR,
          e);
    } finally {
      discard(temporary);
    }
  }

  /** For its user alone: it holds patients' volumes. */
  private void makeFolder() throws IOException {
    if (Files.isDirectory(folder)) {
      return;
    }
    Files.createDirectories(folder.toAbsolutePath().getParent());
    try {
      Files.createDirectory(
          folder,
          PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
    } catch (UnsupportedOperationException e) {
      Files.createDirectories(folder); // no POSIX permissions here
    } catch (FileAlreadyExistsException e) {
      // Another process was faster.
    }
  }

  private static void discard(Path temporary) {
    try {
      Files.deleteIfExists(temporary);
    } catch (IOException e) {
      // Its folder cannot be written, which is told already; a later look deletes it.
    }
  }

  private static void removeOthers(Path kept) throws IOException {
    try (Stream<Path> versions = Files.list(kept.getParent())) {
      for (Path other : versions.filter(file -> !file.equals(kept)).toList()) {
        Files.deleteIfExists(other);
      }
    }
  }

  /** Deletes what was not used for longest, where a new object passes the bound. */
  private void makeRoom(long bytes) throws IOException {
    if (sinceLook.addAndGet(bytes) < bound / LOOK_AFTER) {
      return;
    }
    makeFolder();
    try (FileChannel channel =
            FileChannel.open(
                folder.resolve(LOCK), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        FileLock lock = channel.tryLock()) {
      if (lock != null) { // else another process does it
        sinceLook.set(0);
        shrink(bytes);
      }
    } catch (OverlappingFileLockException e) {
      // Another thread does it.
    }
  }

  private record Kept(Path file, long size, long used) {}

  private void shrink(long more) throws IOException {
    List<Kept> all = new ArrayList<>();
    long now = System.currentTimeMillis();
    LiveFolder.visit(
        folder,
        Integer.MAX_VALUE,
        (file, attributes) -> {
          long used = attributes.lastModifiedTime().toMillis();
          if (file.getParent().endsWith(TEMPORARY)) {
            if (now - used > LEFT_BEHIND_MILLIS) {
              Files.deleteIfExists(file); // of a process that was killed
            }
          } else if (attributes.isRegularFile() && !file.endsWith(LOCK)) {
            all.add(new Kept(file, attributes.size(), used));
          }
        });
    long sum = more + all.stream().mapToLong(Kept::size).sum();
    all.sort(Comparator.comparingLong(Kept::used));
    for (Kept kept : all) {
      if (sum <= bound) {
        return;
      }
      Files.deleteIfExists(kept.file());
      sum -= kept.size();
    }
  }

  private static long used(Path file) {
    try {
      return Files.getLastModifiedTime(file).toMillis();
    } catch (IOException e) {
      return 0;
    }
  }
}
