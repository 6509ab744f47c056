package io.t3d.cli.benchmark;

import io.t3d.cli.benchmark.task.BenchmarkTask;
import io.t3d.cli.benchmark.task.Frozen;
import io.t3d.cli.benchmark.task.SuiteData;
import io.t3d.cli.benchmark.task.TaskContext;
import io.t3d.cli.benchmark.task.TaskResult;
import io.t3d.core.T3dException;
import io.t3d.core.train.StepRecord;
import io.t3d.core.train.TrainingListener;
import io.t3d.core.train.TrainingSummary;
import io.t3d.losses.objective.ObjectiveConfig;
import io.t3d.pipeline.PretrainConfig;
import io.t3d.pipeline.PretrainRun;
import java.io.IOException;
import java.lang.ref.SoftReference;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Pre-trains and evaluates, and stores the cells; it keeps the prepared volumes of replicates
 * between units while memory lasts.
 */
final class UnitRunner {
  /** Name of the cell that tells how pre-training went. */
  static final String PRETRAINING = "pretraining";

  private final BenchmarkConfig config;
  private final CellStore store;
  private final List<BenchmarkTask> tasks;
  private final Path out;
  private final Map<Integer, SoftReference<SuiteData>> data = new HashMap<>();

  /** Is told of progress. */
  interface Listener {
    /**
     * What is being done, e.g. {@code CLIP, 280 steps, replicate 1: pretraining, step 3, loss
     * 2.718}.
     */
    void at(String what);

    /** A cell is stored. */
    void done(Unit unit, String cell) throws IOException;
  }

  UnitRunner(BenchmarkConfig config, CellStore store, List<BenchmarkTask> tasks) {
    this.config = config;
    this.store = store;
    this.tasks = tasks;
    this.out = store.folder();
  }

  /** A replicate's volumes. */
  SuiteData data(int replicate) throws IOException {
    SoftReference<SuiteData> known = data.get(replicate);
    SuiteData found = known == null ? null : known.get();
    if (found == null) {
      found = new SuiteData(config.pretrain().data(), config.phantomFolder(out, replicate));
      data.put(replicate, new SoftReference<>(found));
    }
    return found;
  }

  /** Does the cells of a unit. */
  void run(Unit unit, Listener listener) throws IOException {
    Arm arm = unit.arm();
    SuiteData phantoms = data(arm.replicate());
    Path run = store.run(arm);
    Frozen frozen = new Frozen(run, phantoms, config.tasks().gatherTemperature());
    TaskContext context =
        new TaskContext(config.modelSeed(arm.replicate()), config.tasks(), phantoms, run, frozen);
    for (String name : unit.cells()) {
      long start = System.nanoTime();
      String what = arm.title() + ": " + name;
      listener.at(what);
      TaskResult found =
          name.equals(PRETRAINING)
              ? pretrain(arm, phantoms, what, listener)
              : task(name).run(context);
      double seconds = (System.nanoTime() - start) / 1e9;
      store.put(
          new Cell(
              arm.method(),
              arm.steps(),
              arm.replicate(),
              name,
              found.scores(),
              found.roc(),
              seconds));
      listener.done(unit, name);
      listener.at(what + " done");
    }
  }

  private BenchmarkTask task(String name) {
    return tasks.stream()
        .filter(t -> t.name().equals(name))
        .findFirst()
        .orElseThrow(() -> new T3dException(T3dException.Kind.USAGE, "No task is called " + name));
  }

  private TaskResult pretrain(Arm arm, SuiteData phantoms, String what, Listener listener)
      throws IOException {
    PretrainConfig base = config.pretrain();
    Optional<ObjectiveConfig> objective =
        arm.method().objective(config.t3d(), base.data().batchSize());
    PretrainConfig settings =
        base.with(config.epochs(arm.steps()), config.modelSeed(arm.replicate()))
            .withObjective(objective.orElse(base.objective()));
    PretrainRun run = new PretrainRun(settings, phantoms.trainingRows(), store.run(arm));
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
