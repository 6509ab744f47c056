package io.t3d.examples.benchmark;

import io.t3d.core.config.Configs;
import io.t3d.core.tensor.AtomicFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * The results of a benchmark as files, one per cell, so that a run that was stopped goes on where
 * it was.
 *
 * <pre>{@code
 * OUT/benchmark.json                          the settings that the cells belong to
 * OUT/cells/METHOD-seedN/TASK.json            what is done
 * OUT/runs/METHOD-seedN/                      log and checkpoint of pre-training
 * }</pre>
 */
final class CellStore {
  private final Path out;

  private CellStore(Path out) {
    this.out = out;
  }

  /**
   * Opens a folder.
   *
   * @param out made when missing
   * @param config settings; those of an earlier run there must be the same
   * @throws IllegalArgumentException when cells there belong to other settings
   */
  static CellStore open(Path out, BenchmarkConfig config) throws IOException {
    AtomicFiles.makeFolder(out);
    Path file = out.resolve("benchmark.json");
    if (!Files.exists(file)) {
      AtomicFiles.writeText(file, Configs.toJson(config));
    } else if (!config.equals(Configs.load(file, BenchmarkConfig.class))) {
      throw new IllegalArgumentException(
          out
              + " holds a benchmark with other settings, see "
              + file
              + "; go on with the same --size or --config, choose another --out, or start it anew"
              + " with --restart, which deletes its cells and runs");
    }
    return new CellStore(out);
  }

  /** Deletes settings, cells and runs of a folder; data and pages stay. */
  static void clear(Path out) throws IOException {
    Files.deleteIfExists(out.resolve("benchmark.json"));
    for (String part : List.of("cells", "runs")) {
      AtomicFiles.deleteTree(out.resolve(part));
    }
  }

  /** Folder of a pre-training run. */
  Path run(Method method, long seed) {
    return out.resolve("runs").resolve(name(method, seed));
  }

  private static String name(Method method, long seed) {
    return method.folder() + "-seed" + seed;
  }

  private Path file(Method method, long seed, String task) {
    return out.resolve("cells").resolve(name(method, seed)).resolve(task + ".json");
  }

  /** A cell, if it is done. */
  Optional<Cell> find(Method method, long seed, String task) throws IOException {
    Path file = file(method, seed, task);
    return Files.exists(file) ? Optional.of(Configs.load(file, Cell.class)) : Optional.empty();
  }

  /** Writes a cell as a whole. */
  void put(Cell cell) throws IOException {
    Path file = file(cell.method(), cell.seed(), cell.task());
    AtomicFiles.makeFolder(file.getParent());
    AtomicFiles.writeText(file, Configs.toJson(cell));
  }

  /** All cells that are done, in the order of methods, seeds and file names. */
  List<Cell> all(BenchmarkConfig config) throws IOException {
    List<Cell> cells = new ArrayList<>();
    for (Method method : config.methods()) {
      for (long seed : config.seeds()) {
        Path folder = out.resolve("cells").resolve(name(method, seed));
        if (Files.isDirectory(folder)) {
          try (Stream<Path> files = Files.list(folder)) {
            for (Path file : files.filter(f -> f.toString().endsWith(".json")).sorted().toList()) {
              cells.add(Configs.load(file, Cell.class));
            }
          }
        }
      }
    }
    return cells;
  }
}
