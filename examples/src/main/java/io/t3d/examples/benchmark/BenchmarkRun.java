package io.t3d.examples.benchmark;

import io.t3d.core.train.StepRecord;
import io.t3d.core.train.TrainingListener;
import io.t3d.core.train.TrainingSummary;
import io.t3d.data.dataset.Manifest;
import io.t3d.data.dataset.ManifestRow;
import io.t3d.data.dataset.Split;
import io.t3d.data.dataset.phantom.PhantomDataset;
import io.t3d.examples.run.PretrainConfig;
import io.t3d.examples.run.PretrainRun;
import io.t3d.losses.ObjectiveConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Runs a benchmark: every method over every seed, every task after it. What is done is skipped;
 * tables are written after each cell.
 */
public final class BenchmarkRun {
  /** Name of the cell that tells how pre-training went. */
  static final String PRETRAINING = "pretraining";

  private final BenchmarkConfig config;
  private final Path out;
  private final CellStore store;
  private final List<BenchmarkTask> tasks;
  private final Watcher watcher;
  private int done;
  private int total;

  /** Is told where the run is. */
  public interface Watcher {
    /**
     * A cell or a step has begun or ended.
     *
     * @param done cells done, those of earlier runs too
     * @param total cells of the benchmark
     * @param what method, seed, task and how far it is
     */
    void at(int done, int total, String what);
  }

  /**
   * Prepares a run.
   *
   * @param config all settings
   * @param out data, runs, cells, tables and page
   * @param watcher is told of progress
   * @throws IllegalArgumentException when the folder holds results of other settings
   */
  public BenchmarkRun(BenchmarkConfig config, Path out, Watcher watcher) throws IOException {
    this(config, out, watcher, tasks());
  }

  BenchmarkRun(BenchmarkConfig config, Path out, Watcher watcher, List<BenchmarkTask> tasks)
      throws IOException {
    this.config = config;
    this.out = out;
    this.store = CellStore.open(out, config);
    this.tasks = tasks;
    this.watcher = watcher;
  }

  /** Deletes the results of a folder, so that other settings may start there. */
  public static void clear(Path out) throws IOException {
    CellStore.clear(out);
  }

  /** All tasks, in the order of the table. */
  static List<BenchmarkTask> tasks() {
    return List.of(
        new ZeroShotTask(),
        new RetrievalTask(),
        new ProbeTask(),
        new FineTuneTask(),
        new ReportTask(),
        new SegmentationTask());
  }

  /**
   * Runs what is not done yet.
   *
   * @return the table of all cells
   */
  public BenchmarkTable run() throws IOException {
    count();
    List<ManifestRow> rows = rows();
    SuiteData data = new SuiteData(config.pretrain().data(), rows);
    for (long seed : config.seeds()) {
      for (Method method : config.methods()) {
        pretrain(method, seed, rows);
        evaluate(method, seed, data, false);
      }
      for (Method method : config.methods()) {
        evaluate(method, seed, data, true);
      }
    }
    BenchmarkTable table = write();
    watcher.at(done, total, "writing the page");
    new BenchmarkPage(config, store, table, data).write(out.resolve("report.html"));
    return table;
  }

  private void count() throws IOException {
    for (long seed : config.seeds()) {
      for (Method method : config.methods()) {
        for (String cell : cells(method)) {
          total++;
          done += store.find(method, seed, cell).isPresent() ? 1 : 0;
        }
      }
    }
  }

  private List<String> cells(Method method) {
    List<String> names = new ArrayList<>(List.of(PRETRAINING));
    tasks.stream().filter(t -> t.applies(method)).forEach(t -> names.add(t.name()));
    return names;
  }

  private List<ManifestRow> rows() throws IOException {
    Path data = out.resolve(config.phantomFolder());
    if (!Files.exists(data)) {
      watcher.at(done, total, "writing " + config.pairs() + " phantom studies");
      int threads = Runtime.getRuntime().availableProcessors();
      PhantomDataset.write(data, config.pairs(), config.dataSeed(), config.phantoms(), threads);
    }
    return Manifest.read(data.resolve("manifest.csv")).rows();
  }

  private void pretrain(Method method, long seed, List<ManifestRow> rows) throws IOException {
    if (store.find(method, seed, PRETRAINING).isPresent()) {
      return;
    }
    long start = System.nanoTime();
    String what = method.title() + ", seed " + seed + ": pre-training";
    watcher.at(done, total, what);
    PretrainConfig base = config.pretrain();
    Optional<ObjectiveConfig> objective =
        method.objective(base.objective(), base.data().batchSize());
    PretrainConfig settings =
        base.with(base.training().epochs(), seed).withObjective(objective.orElse(base.objective()));
    List<ManifestRow> train = rows.stream().filter(r -> r.split() == Split.TRAIN).toList();
    PretrainRun run = new PretrainRun(settings, train, store.run(method, seed));
    Map<String, Double> scores = new LinkedHashMap<>();
    if (objective.isEmpty()) {
      run.saveUntrained();
    } else {
      TrainingSummary summary = run.run(true, steps(what));
      scores.put("first loss", summary.firstLoss());
      scores.put("last loss", summary.lastLoss());
      scores.put("steps", (double) summary.steps());
    }
    put(new Cell(method, seed, PRETRAINING, scores, List.of(), seconds(start)));
  }

  private TrainingListener steps(String what) {
    return new TrainingListener() {
      @Override
      public void onStep(StepRecord step) {
        watcher.at(
            done,
            total,
            String.format(Locale.ROOT, "%s, step %d, loss %.3f", what, step.step(), step.loss()));
      }
    };
  }

  private void evaluate(Method method, long seed, SuiteData data, boolean slow) throws IOException {
    for (BenchmarkTask task : tasks) {
      if (task.slow() == slow) {
        evaluate(task, method, seed, data);
      }
    }
  }

  private void evaluate(BenchmarkTask task, Method method, long seed, SuiteData data)
      throws IOException {
    if (!task.applies(method) || store.find(method, seed, task.name()).isPresent()) {
      return;
    }
    long start = System.nanoTime();
    watcher.at(done, total, method.title() + ", seed " + seed + ": " + task.name());
    TaskResult found =
        task.run(new TaskContext(method, seed, config.tasks(), data, store.run(method, seed)));
    put(new Cell(method, seed, task.name(), found.scores(), found.roc(), seconds(start)));
  }

  private void put(Cell cell) throws IOException {
    store.put(cell);
    done++;
    write();
    watcher.at(
        done,
        total,
        cell.method().title() + ", seed " + cell.seed() + ": " + cell.task() + " done");
  }

  private BenchmarkTable write() throws IOException {
    BenchmarkTable table = new BenchmarkTable(config, store.all(config));
    table.write(out);
    return table;
  }

  private static double seconds(long start) {
    return (System.nanoTime() - start) / 1e9;
  }
}
