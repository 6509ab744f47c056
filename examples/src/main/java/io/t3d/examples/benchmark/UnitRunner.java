package io.t3d.examples.benchmark;

import io.t3d.core.train.StepRecord;
import io.t3d.core.train.TrainingListener;
import io.t3d.core.train.TrainingSummary;
import io.t3d.data.dataset.ManifestRow;
import io.t3d.data.dataset.Split;
import io.t3d.examples.run.PretrainConfig;
import io.t3d.examples.run.PretrainRun;
import io.t3d.losses.ObjectiveConfig;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Pre-trains and evaluates, and stores the cells; it keeps the prepared volumes between units. */
final class UnitRunner {
  /** Name of the cell that tells how pre-training went. */
  static final String PRETRAINING = "pretraining";

  private final BenchmarkConfig config;
  private final CellStore store;
  private final List<BenchmarkTask> tasks;
  private final List<ManifestRow> rows;
  private final SuiteData data;

  /** Is told of progress. */
  interface Listener {
    /** What is being done, e.g. {@code CLIP, seed 1: pre-training, step 3, loss 2.718}. */
    void at(String what);

    /** A cell is stored. */
    void done(Unit unit, String cell) throws IOException;
  }

  UnitRunner(
      BenchmarkConfig config, CellStore store, List<BenchmarkTask> tasks, List<ManifestRow> rows) {
    this.config = config;
    this.store = store;
    this.tasks = tasks;
    this.rows = rows;
    this.data = new SuiteData(config.pretrain().data(), rows);
  }

  /** The suite's volumes. */
  SuiteData data() {
    return data;
  }

  /** Does the cells of a unit. */
  void run(Unit unit, Listener listener) throws IOException {
    for (String name : unit.cells()) {
      long start = System.nanoTime();
      String what = unit.method().title() + ", seed " + unit.seed() + ": " + name;
      listener.at(what);
      TaskResult found =
          name.equals(PRETRAINING)
              ? pretrain(unit, what, listener)
              : task(name)
                  .run(
                      new TaskContext(
                          unit.method(),
                          unit.seed(),
                          config.tasks(),
                          data,
                          store.run(unit.method(), unit.seed())));
      double seconds = (System.nanoTime() - start) / 1e9;
      store.put(new Cell(unit.method(), unit.seed(), name, found.scores(), found.roc(), seconds));
      listener.done(unit, name);
      listener.at(what + " done");
    }
  }

  private BenchmarkTask task(String name) {
    return tasks.stream()
        .filter(t -> t.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new IllegalArgumentException("No task is called " + name));
  }

  private TaskResult pretrain(Unit unit, String what, Listener listener) throws IOException {
    PretrainConfig base = config.pretrain();
    Optional<ObjectiveConfig> objective =
        unit.method().objective(base.objective(), base.data().batchSize());
    PretrainConfig settings =
        base.with(base.training().epochs(), unit.seed())
            .withObjective(objective.orElse(base.objective()));
    List<ManifestRow> train = rows.stream().filter(r -> r.split() == Split.TRAIN).toList();
    PretrainRun run = new PretrainRun(settings, train, store.run(unit.method(), unit.seed()));
    Map<String, Double> scores = new LinkedHashMap<>();
    if (objective.isEmpty()) {
      run.saveUntrained();
    } else {
      TrainingSummary summary = run.run(true, steps(what, listener));
      scores.put("first loss", summary.firstLoss());
      scores.put("last loss", summary.lastLoss());
      scores.put("steps", (double) summary.steps());
    }
    return TaskResult.of(scores);
  }

  private static TrainingListener steps(String what, Listener listener) {
    return new TrainingListener() {
      @Override
      public void onStep(StepRecord step) {
        listener.at(
            String.format(Locale.ROOT, "%s, step %d, loss %.3f", what, step.step(), step.loss()));
      }
    };
  }
}
