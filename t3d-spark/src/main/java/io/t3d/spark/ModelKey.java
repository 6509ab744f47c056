package io.t3d.spark;

import com.google.common.hash.Funnels;
import com.google.common.hash.Hasher;
import com.google.common.hash.Hashing;
import io.t3d.core.T3dException;
import io.t3d.core.internal.OsPaths;
import io.t3d.data.io.Locations;
import java.io.IOException;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.apache.spark.SparkFiles;

/**
 * Which model a job means: where it lies, and what is in it, so that an executor that finds another
 * one there does not work with it.
 *
 * @param folder as the user names it; a relative one may be what {@code --archives} has unpacked,
 *     which lies elsewhere on each machine
 * @param onDriver where the driver found it, absolute
 * @param content a hash of the files that a model is read from
 * @param device its name; {@code auto}, a GPU where there is one
 */
record ModelKey(String folder, String onDriver, String content, String device)
    implements Serializable {
  /** Files of a checkpoint that only training reads, and large. */
  private static final Set<String> OF_TRAINING =
      Set.of("optimizer.safetensors", "raw.safetensors", "trainer.json", "provenance.json");

  private static final List<String> NEEDED = List.of("config.json", "data.json");

  /**
   * The model in a folder that the driver sees.
   *
   * @throws T3dException when there is none
   */
  static ModelKey of(Path folder, String device) throws IOException {
    if (!Locations.isLocal(folder)) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "A model must be a folder that every machine sees as its own files, got "
              + folder
              + "; copy it to a shared file system, or send it along by --archives (docs/spark.md)");
    }
    String own = OsPaths.resolve(folder).toString();
    Path given = locate(folder.toString(), own);
    if (!Files.isDirectory(given)) {
      throw new T3dException(
          T3dException.Kind.INPUT,
          "No model at " + folder + "; give the --out folder of a pretrain run");
    }
    for (String file : NEEDED) {
      if (!Files.exists(checkpoint(given).resolve(file))) {
        throw new T3dException(
            T3dException.Kind.INPUT,
            folder + " has no " + file + "; give the --out folder of a pretrain run");
      }
    }
    return new ModelKey(folder.toString(), own, content(given), device);
  }

  /** The same on another device. */
  ModelKey on(String other) {
    return new ModelKey(folder, onDriver, content, other);
  }

  /** Where the folder is on this machine. */
  Path locate() {
    return locate(folder, onDriver);
  }

  private static Path locate(String folder, String onDriver) {
    Path path = Path.of(folder);
    if (path.isAbsolute() || Files.exists(path)) {
      return path;
    }
    Path unpacked = Path.of(SparkFiles.getRootDirectory()).resolve(path);
    return Files.exists(unpacked) ? unpacked : Path.of(onDriver);
  }

  private static Path checkpoint(Path folder) {
    Path inner = folder.resolve("checkpoint");
    return Files.isDirectory(inner) ? inner : folder;
  }

  /** A hash of names and contents. */
  static String content(Path folder) throws IOException {
    Hasher hasher = Hashing.sha256().newHasher();
    try (Stream<Path> files = Files.list(checkpoint(folder))) {
      List<Path> sorted =
          files
              .filter(Files::isRegularFile)
              .filter(f -> !OF_TRAINING.contains(f.getFileName().toString()))
              .sorted()
              .toList();
      for (Path file : sorted) {
        hasher.putString(file.getFileName().toString(), StandardCharsets.UTF_8);
        hasher.putLong(Files.size(file));
        com.google.common.io.Files.asByteSource(file.toFile())
            .copyTo(Funnels.asOutputStream(hasher));
      }
    }
    return hasher.hash().toString();
  }
}
