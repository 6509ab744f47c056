package io.t3d.bench.step;

import ai.djl.Device;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.model.T3DModel;
import io.t3d.core.train.PairBatch;
import io.t3d.core.train.TrainingConfig;
import io.t3d.core.train.TrainingStep;
import io.t3d.core.train.optim.AdamW;
import io.t3d.losses.objective.ObjectiveConfig;
import io.t3d.losses.objective.T3DObjective;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;

/**
 * What training needs in memory, for {@code t3d-bench/memory}.
 *
 * <pre>
 * growth STEPS                                      resident memory every 100 steps of a small model
 * peak MODEL VIEW PAIRS MICRO [checkpoint]          the peak of two steps over what was there before
 * </pre>
 */
public final class MemoryRunner {
  private static final int WARM_UP = 15;

  private MemoryRunner() {}

  /** Runs; see the class comment for the arguments. */
  public static void main(String[] args) throws IOException {
    if (args[0].equals("growth")) {
      growth(Integer.parseInt(args[1]));
    } else {
      peak(args[1], Arrays.stream(args).skip(2).limit(3).map(Integer::valueOf).toList(), args);
    }
  }

  private static void growth(int steps) throws IOException {
    try (Training training = new Training("tiny", TrainingConfig.defaults())) {
      PairBatch batch = StepData.batch(4, 32);
      for (int i = 1; i <= steps; i++) {
        training.step(i, batch);
        if (i % 100 == 0) {
          System.gc(); // so that what is left is held, not just not yet collected
          System.out.printf("step %4d: %d MiB%n", i, ProcessUse.residentMiB());
        }
      }
    }
  }

  private static void peak(String model, List<Integer> sizes, String... args) throws IOException {
    TrainingConfig config =
        TrainingConfig.builder()
            .microBatch(sizes.get(2))
            .checkpointActivations(args[args.length - 1].equals("checkpoint"))
            .build();
    try (Training training = new Training(model, config)) {
      // The optimizer's memory is there now, and the JVM has compiled what it will.
      PairBatch small = StepData.batch(sizes.get(2) + 2, sizes.get(0));
      for (int i = 0; i < WARM_UP; i++) {
        training.step(0, small);
      }
      PairBatch batch = StepData.batch(sizes.get(1), sizes.get(0));
      System.gc();
      int before = ProcessUse.residentMiB();
      ProcessUse.resetPeak();
      long start = System.nanoTime();
      training.step(1, batch);
      training.step(2, batch);
      System.out.printf(
          "%s: %d MiB over %d MiB, %.1f s%n",
          String.join(" ", args),
          ProcessUse.peakMiB() - before,
          before,
          (System.nanoTime() - start) / 1e9);
    }
  }

  /** A model and its optimizer. */
  private static final class Training implements AutoCloseable {
    private final T3DModel model;
    private final AdamW optimizer;
    private final TrainingStep step;

    Training(String name, TrainingConfig config) {
      T3DConfig settings = StepData.model(name);
      model = T3DModel.create(settings, Device.cpu(), 1);
      optimizer = new AdamW(model.manager(), model.parameters(), config.optimizer());
      T3DObjective clip = T3DObjective.clip(ObjectiveConfig.clip());
      step = new TrainingStep(model, clip, optimizer, config);
    }

    void step(int number, PairBatch batch) {
      step.run(number, 1e-4, StepData.repeat(batch), 1);
    }

    @Override
    public void close() {
      optimizer.close();
      model.close();
    }
  }
}
