package io.t3d.bench;

import ai.djl.Device;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.model.T3DModel;
import io.t3d.core.train.AdamW;
import io.t3d.core.train.PairBatch;
import io.t3d.core.train.TrainingConfig;
import io.t3d.core.train.TrainingConfig.Precision;
import io.t3d.core.train.TrainingStep;
import io.t3d.losses.T3DObjective;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * Whole training steps of T3D on demand, for {@code t3d-bench/compare-step}; its twin is {@code
 * step_reference.py}. Prints a line when it is ready; then runs one step for every line that it
 * reads and prints one line of JSON: seconds, loss, peak memory.
 */
public final class StepRunner {
  private StepRunner() {}

  /**
   * Runs.
   *
   * @param args {@code resnet50} or {@code vit-base}; {@code float32} or {@code bfloat16}
   */
  public static void main(String[] args) throws IOException {
    T3DConfig config = StepData.model(args[0]);
    TrainingConfig training =
        TrainingConfig.builder()
            .precision(Precision.valueOf(args[1].toUpperCase(Locale.ROOT)))
            .build();
    BufferedReader commands =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    try (T3DModel model = T3DModel.create(config, Device.cpu(), 1);
        AdamW optimizer = new AdamW(model.manager(), model.parameters(), training)) {
      TrainingStep step = new TrainingStep(model, new T3DObjective(), optimizer, training);
      PairBatch batch = StepData.batch(StepData.PAIRS, StepData.VIEW_SIZE);
      System.out.println("ready");
      for (int i = 0; commands.readLine() != null; i++) {
        long start = System.nanoTime();
        TrainingStep.Result result = step.run(i, 1e-4, StepData.repeat(batch), 1);
        double seconds = (System.nanoTime() - start) / 1e9;
        System.out.printf(
            Locale.ROOT,
            "{\"seconds\": %.4f, \"loss\": %.5f, \"peakMiB\": %d}%n",
            seconds,
            result.loss(),
            ProcessMemory.peakMiB());
      }
    }
  }
}
