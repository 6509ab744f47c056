package io.t3d.cli.benchmark;

import io.t3d.core.T3dException;
import io.t3d.core.config.Configs;
import io.t3d.core.internal.AtomicFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;

/**
 * The results of a benchmark as files, one per cell, so that a run that was stopped goes on where
 * it was.
 *
 * <pre>{@code
 * OUT/benchmark.json                          the settings that the cells belong to
 * OUT/cells/METHOD-STEPS-rN/TASK.json            what is done
 * OUT/runs/METHOD-STEPS-rN/                      log and checkpoint of pre-training
 * OUT/workers/                                what worker processes say, see WorkerProcess
 * }</pre>
 */
final class CellStore {
  /** The settings that cells belong to. */
  static final String SETTINGS_FILE = "benchmark.json";

  private final Path out;
  private final Map<Path, Cell> read = new ConcurrentHashMap<>(); // a cell never changes

  private CellStore(Path out) {
    this.out = out;
  }

  /**
   * Opens a folder.
   *
   * @param out made when missing
   * @param config settings; those of an earlier run there may have other methods, steps and
   *     replicates, and must be the same in what a cell hangs on
   * @throws T3dException when cells there belong to other settings
   */
  static CellStore open(Path out, BenchmarkConfig config) throws IOException {
    AtomicFiles.makeFolder(out);
    Path file = out.resolve(SETTINGS_FILE);
    Optional<BenchmarkConfig> before =
        Files.exists(file)
            ? Optional.of(Configs.load(file, BenchmarkConfig.class))
            : Optional.empty();
    if (before.isPresent() && !config.hasCellsOf(before.get())) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          out
              + " holds a benchmark with other settings than methods, steps and replicates, see "
              + file
              + "; go on with the same --size or --config, choose another --out, or start it anew"
              + " with --restart, which deletes its cells and runs");
    }
    if (!before.equals(Optional.of(config))) {
      AtomicFiles.writeText(file, Configs.toJson(config));
    }
    return new CellStore(out);
  }

  /** Deletes settings, cells and runs of a folder; data and pages stay. */
  static void clear(Path out) throws IOException {
    Files.deleteIfExists(out.resolve(SETTINGS_FILE));
    for (String part : List.of("cells", "runs", "workers")) {
      AtomicFiles.deleteTree(out.resolve(part));
    }
  }

  /** The folder itself. */
  Path folder() {
    return out;
  }

  /** Folder of a pre-training run. */
  Path run(Arm arm) {
    return out.resolve("runs").resolve(arm.folder());
  }

  private Path file(Arm arm, String task) {
    return out.resolve("cells").resolve(arm.folder()).resolve(task + ".json");
  }

  /** A cell, if it is done. */
  Optional<Cell> find(Arm arm, String task) throws IOException {
    Path file = file(arm, task);
    return Files.exists(file) ? Optional.of(load(file)) : Optional.empty();
  }

  private Cell load(Path file) throws IOException {
    Cell known = read.get(file);
    if (known == null) {
      known = Configs.load(file, Cell.class);
      read.put(file, known);
    }
    return known;
  }

  /** Writes a cell as a whole. */
  void put(Cell cell) throws IOException {
    Path file = file(new Arm(cell.method(), cell.steps(), cell.replicate()), cell.task());
    AtomicFiles.makeFolder(file.getParent());
    AtomicFiles.writeText(file, Configs.toJson(cell));
    read.put(file, cell);
  }

  /** All cells that are done, in the order of the arms and of file names. */
  List<Cell> all(BenchmarkConfig config) throws IOException {
    List<Cell> cells = new ArrayList<>();
    for (Arm arm : config.arms()) {
      Path folder = out.resolve("cells").resolve(arm.folder());
      if (Files.isDirectory(folder)) {
        try (Stream<Path> files = Files.list(folder)) {
          for (Path file : files.filter(f -> f.toString().endsWith(".json")).sorted().toList()) {
            cells.add(load(file));
          }
        }
      }
    }
    return cells;
  }
}
