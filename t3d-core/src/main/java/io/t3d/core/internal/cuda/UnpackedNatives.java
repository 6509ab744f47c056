package io.t3d.core.internal.cuda;

import io.t3d.core.T3dException;
import io.t3d.core.internal.AtomicFiles;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;
import java.util.stream.Collectors;
import java.util.zip.CRC32;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A folder of files out of jars, made once. It appears as a whole, under a name that hangs on the
 * names and sizes of its files, and is made anew where one of them is missing or has another size.
 * Of two processes that want it at once, one makes it and the other waits.
 */
final class UnpackedNatives {
  private static final Logger logger = LoggerFactory.getLogger(UnpackedNatives.class);
  private static final double GIB = 1L << 30;

  /**
   * A file to be.
   *
   * @param path below the folder
   * @param source a resource
   * @param size in bytes, as the jar has it
   */
  record Item(String path, URL source, long size) {
    /** With the size that the source tells. */
    static Item of(String path, URL source) throws IOException {
      return new Item(path, source, source.openConnection().getContentLengthLong());
    }
  }

  private final Path folder;
  private final List<Item> items;

  /**
   * Names a folder.
   *
   * @param cache is above it; made when missing
   * @param prefix of its name
   */
  UnpackedNatives(Path cache, String prefix, List<Item> items) {
    this.items = List.copyOf(items);
    String all =
        items.stream().map(i -> i.path() + " " + i.size()).collect(Collectors.joining("\n"));
    CRC32 sum = new CRC32();
    sum.update(all.getBytes(StandardCharsets.UTF_8));
    this.folder = cache.resolve(String.format("%s-%08x", prefix, sum.getValue()));
  }

  /** Where the files are once {@link #make} has returned. */
  Path folder() {
    return folder;
  }

  /** Whether all files are there in full size. */
  boolean isWhole() throws IOException {
    for (Item item : items) {
      Path file = folder.resolve(item.path());
      if (!Files.isRegularFile(file) || Files.size(file) != item.size()) {
        return false;
      }
    }
    return true;
  }

  long bytes() {
    return items.stream().mapToLong(Item::size).sum();
  }

  /**
   * Makes the folder, unless it is whole.
   *
   * @return the folder
   * @throws IOException when it cannot be written
   * @throws T3dException when the disk is too small
   */
  Path make() throws IOException {
    if (isWhole()) {
      return folder;
    }
    Path cache = AtomicFiles.makeFolder(folder.toAbsolutePath().getParent());
    Path lock = folder.resolveSibling("." + folder.getFileName() + ".lock");
    synchronized (UnpackedNatives.class) { // the lock of a file is between processes, not threads
      try (FileChannel channel =
              FileChannel.open(lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
          FileLock mine = channel.lock()) {
        if (!isWhole()) {
          unpack(cache);
        }
      }
    }
    return folder;
  }

  private void unpack(Path cache) throws IOException {
    requireSpace(cache);
    logger.info(
        "Unpacking the CUDA natives, {} GiB, to {}: this is done once",
        String.format("%.1f", bytes() / GIB),
        folder);
    Path fresh = folder.resolveSibling("." + folder.getFileName() + "-new");
    AtomicFiles.deleteTree(fresh); // of a process that was killed: we hold the lock
    for (Item item : items) {
      Path file = fresh.resolve(item.path());
      AtomicFiles.makeFolder(file.getParent());
      try (InputStream in = item.source().openStream()) {
        Files.copy(in, file);
      }
      if (Files.size(file) != item.size()) {
        throw new IOException(
            item.source() + " must have " + item.size() + " bytes, got " + Files.size(file));
      }
      AtomicFiles.force(file);
    }
    AtomicFiles.deleteTree(folder); // damaged, if it is there
    Files.move(fresh, folder, StandardCopyOption.ATOMIC_MOVE);
  }

  private void requireSpace(Path cache) throws IOException {
    FileStore disk = Files.getFileStore(cache);
    requireSpace(disk.getUsableSpace());
  }

  void requireSpace(long usable) {
    if (usable < bytes()) {
      throw new T3dException(
          T3dException.Kind.ENVIRONMENT,
          String.format(
              "The CUDA natives need %.1f GiB below %s, got %.1f GiB free; free some, or choose"
                  + " another disk with the variable DJL_CACHE_DIR",
              bytes() / GIB, folder.toAbsolutePath().getParent(), usable / GIB));
    }
  }
}
