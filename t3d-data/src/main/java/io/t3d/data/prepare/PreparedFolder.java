package io.t3d.data.prepare;

import io.t3d.core.T3dException;
import io.t3d.core.config.Configs;
import io.t3d.core.internal.AtomicFiles;
import io.t3d.core.internal.FolderLock;
import io.t3d.core.internal.OsPaths;
import io.t3d.core.internal.OutputCheck;
import io.t3d.data.io.spi.VolumeFormatException;
import io.t3d.data.zarr.internal.ZarrVolume;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import java.util.UUID;

/**
 * The output folder of a preparation. Volumes are written under {@code .tmp} and moved into place
 * whole, so a process that is killed leaves no half volume, and what it leaves under {@code .tmp}
 * the next one removes. A lock, which ends with its process, keeps a second one out.
 */
final class PreparedFolder implements AutoCloseable {
  static final String SETTINGS = "preprocessing.json";

  /** More attempts than that are never at one volume at the same time. */
  private static final int TRIES = 100;

  private final Path root;
  private final Optional<FolderLock> lock;

  private PreparedFolder(Path root, Optional<FolderLock> lock) {
    this.root = root;
    this.lock = lock;
  }

  /** The folder as who works for the process that has opened it sees it. */
  static PreparedFolder at(Path root) {
    return new PreparedFolder(root, Optional.empty());
  }

  /**
   * Opens or makes the folder.
   *
   * @throws T3dException when it holds volumes of other settings, or another run works on it
   * @throws IOException when it cannot be written
   */
  static PreparedFolder open(Path folder, PreparationConfig config) throws IOException {
    Path root = OsPaths.resolve(folder);
    Path settings = root.resolve(SETTINGS);
    if (Files.exists(settings)) {
      requireSame(root, Configs.load(settings, PreparationConfig.class), config);
    }
    OutputCheck.folder(root);
    FolderLock lock = FolderLock.take(root);
    PreparedFolder prepared = new PreparedFolder(root, Optional.of(lock));
    try {
      AtomicFiles.deleteTree(root.resolve(".tmp"));
      Files.createDirectories(root.resolve(".tmp"));
      Files.createDirectories(root.resolve("volumes"));
      prepared.replace(settings, Configs.toJson(config));
      return prepared;
    } catch (IOException | RuntimeException e) {
      lock.close();
      throw e;
    }
  }

  private static void requireSame(Path root, PreparationConfig is, PreparationConfig asked) {
    if (!is.equals(asked)) {
      String steps = Preparation.differences(is.preprocessing(), asked.preprocessing());
      String storage = Preparation.differences(is.storage(), asked.storage());
      throw new T3dException(
          T3dException.Kind.USAGE,
          root
              + " holds volumes prepared with other settings ("
              + steps
              + (steps.isEmpty() || storage.isEmpty() ? "" : "; ")
              + storage
              + "); choose another --out, or remove it to prepare anew");
    }
  }

  Path root() {
    return root;
  }

  Path manifest() {
    return root.resolve("manifest.csv");
  }

  Path quarantine() {
    return root.resolve("quarantine.csv");
  }

  Path volume(String name) {
    return root.resolve("volumes").resolve(name + ".zarr");
  }

  Path mask(String name) {
    return root.resolve("masks").resolve(name + ".zarr");
  }

  /** A path to write to before {@link #publish}, of this call alone; nothing is there. */
  Path temporary(Path target) throws IOException {
    Path folder = root.resolve(".tmp").resolve(UUID.randomUUID().toString());
    Files.createDirectories(folder);
    return folder.resolve(target.getFileName());
  }

  /**
   * Moves a finished folder into place. Where another attempt at the same study was faster, its
   * folder stays and this one is dropped; an outdated one is removed.
   *
   * @param fingerprint of the source; what is there of another one is outdated
   * @return whether it was this one that went into place
   */
  boolean publish(Path temporary, Path target, String fingerprint) throws IOException {
    Files.createDirectories(target.getParent());
    try {
      for (int i = 0; ; i++) {
        try {
          // No file system moves a folder over one that is not empty.
          Files.move(temporary, target, StandardCopyOption.ATOMIC_MOVE);
          return true;
        } catch (FileSystemException e) {
          // Whether the target is still there tells nothing: another attempt may just have taken an
          // outdated one away.
          if (i == TRIES) {
            throw e;
          }
        }
        if (finished(target, fingerprint).isPresent()) {
          return false;
        }
        removeOutdated(target, fingerprint);
      }
    } finally {
      AtomicFiles.deleteTree(temporary.getParent());
    }
  }

  /** Takes an outdated folder away; puts it back if another attempt had just replaced it. */
  private void removeOutdated(Path target, String fingerprint) throws IOException {
    Path aside = temporary(target);
    try {
      Files.move(target, aside, StandardCopyOption.ATOMIC_MOVE);
      if (finished(aside, fingerprint).isPresent()) {
        Files.move(aside, target, StandardCopyOption.ATOMIC_MOVE);
      }
    } catch (FileSystemException e) {
      // Another attempt has taken it away, or put its own there.
    } finally {
      AtomicFiles.deleteTree(aside.getParent());
    }
  }

  /** The prepared volume, when it is there, whole, and of this fingerprint. */
  static Optional<ZarrVolume> finished(Path target, String fingerprint) throws IOException {
    if (!Files.isDirectory(target)) {
      return Optional.empty();
    }
    try {
      ZarrVolume volume = ZarrVolume.open(target);
      volume.requireWhole();
      return Preparation.of(target, volume)
          .filter(p -> p.source().equals(fingerprint))
          .map(p -> volume);
    } catch (VolumeFormatException e) {
      return Optional.empty();
    }
  }

  /** Replaces a file as a whole. */
  void replace(Path file, String text) throws IOException {
    Path temporary = root.resolve(".tmp").resolve(file.getFileName());
    Files.writeString(temporary, text);
    Files.move(
        temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
  }

  @Override
  public void close() throws IOException {
    try {
      AtomicFiles.deleteTree(root.resolve(".tmp"));
    } finally {
      if (lock.isPresent()) {
        lock.get().close();
      }
    }
  }
}
