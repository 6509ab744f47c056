package io.t3d.cli.benchmark;

import io.t3d.cli.benchmark.task.BenchmarkTask;
import io.t3d.cli.benchmark.task.Tasks;
import io.t3d.core.internal.Checks;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;

/**
 * Runs a benchmark: pre-trains every method on every replicate, and does every task after it. What
 * is done is skipped; tables are written after each cell.
 */
public final class BenchmarkRun {
  private final BenchmarkConfig config;
  private final Path out;
  private final CellStore store;
  private final List<BenchmarkTask> tasks;
  private final Watcher watcher;
  private String command = "./t3d benchmark";
  private final int workers;
  private int done;
  private int total;

  /** Is told where the run is. */
  public interface Watcher {
    /**
     * A cell or a step has begun or ended.
     *
     * @param done cells done, those of earlier runs too
     * @param total cells of the benchmark
     * @param what method, steps, replicate, task and how far it is
     */
    void at(int done, int total, String what);
  }

  /**
   * Prepares a run.
   *
   * @param config all settings
   * @param out data, runs, cells, tables and page
   * @param workers processes that train at the same time, see {@link #workers()}; 1: none but this
   *     JVM
   * @param watcher is told of progress, by one thread at a time
   * @throws io.t3d.core.T3dException when the folder holds results of other settings
   */
  public BenchmarkRun(BenchmarkConfig config, Path out, int workers, Watcher watcher)
      throws IOException {
    this(config, out, workers, watcher, Tasks.all());
  }

  /** With other tasks, which worker processes do not know. */
  BenchmarkRun(BenchmarkConfig config, Path out, Watcher watcher, List<BenchmarkTask> tasks)
      throws IOException {
    this(config, out, 1, watcher, tasks);
  }

  private BenchmarkRun(
      BenchmarkConfig config, Path out, int workers, Watcher watcher, List<BenchmarkTask> tasks)
      throws IOException {
    this.config = config;
    this.out = out;
    Checks.positive("workers", workers);
    this.workers = workers;
    this.store = CellStore.open(out, config);
    this.tasks = tasks;
    this.watcher = watcher;
  }

  /** The command that runs this, for the page; {@code ./t3d benchmark} unless said. */
  public BenchmarkRun command(String text) {
    command = text;
    return this;
  }

  /** Worker processes that suit this machine. */
  public static int workers() {
    return Workers.most();
  }

  /** Deletes the results of a folder, so that other settings may start there. */
  public static void clear(Path out) throws IOException {
    CellStore.clear(out);
  }

  /**
   * Runs what is not done yet.
   *
   * @return the table of all cells
   */
  public BenchmarkTable run() throws IOException {
    count();
    writePhantoms();
    List<Unit> units = Unit.missing(config, tasks, store);
    UnitRunner here = new UnitRunner(config, store, tasks);
    if (workers > 1) {
      String[] at = new String[Math.min(workers, units.size())];
      Arrays.fill(at, "");
      new Workers(out, workers).run(units, worker -> new Progress(worker, at));
    } else {
      Progress progress = new Progress(0, new String[1]);
      for (Unit unit : units) {
        here.run(unit, progress);
      }
    }
    BenchmarkTable table = write();
    tell("writing the page");
    new BenchmarkPage(config, store, table, here.data(1), command)
        .write(out.resolve("report.html"));
    return table;
  }

  /** Passes on what one of the workers does. */
  private final class Progress implements UnitRunner.Listener {
    private final int worker;
    private final String[] at;

    Progress(int worker, String[] at) {
      this.worker = worker;
      this.at = at;
    }

    @Override
    public void at(String what) {
      synchronized (BenchmarkRun.this) {
        at[worker] = what;
        tell(String.join(" | ", at));
      }
    }

    @Override
    public void done(Unit unit, String cell) throws IOException {
      synchronized (BenchmarkRun.this) {
        done++;
        write();
      }
    }
  }

  private void tell(String what) {
    watcher.at(done, total, what);
  }

  private void count() throws IOException {
    for (Unit unit : Unit.all(config, tasks)) {
      for (String cell : unit.cells()) {
        total++;
        done += store.find(unit.arm(), cell).isPresent() ? 1 : 0;
      }
    }
  }

  private void writePhantoms() throws IOException {
    int threads = Runtime.getRuntime().availableProcessors();
    for (int replicate = 1; replicate <= config.replicates(); replicate++) {
      tell("phantoms of replicate " + replicate + " of " + config.replicates());
      config.writePhantoms(out, replicate, threads);
    }
  }

  private BenchmarkTable write() throws IOException {
    BenchmarkTable table = new BenchmarkTable(config, store.all(config));
    table.write(out);
    return table;
  }
}
