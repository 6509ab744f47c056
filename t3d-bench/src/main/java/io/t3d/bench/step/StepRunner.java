package io.t3d.bench.step;

import ai.djl.Device;
import ai.djl.nn.Parameter;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.model.T3DModel;
import io.t3d.core.torch.TorchBridge;
import io.t3d.core.torch.TorchEngine;
import io.t3d.core.train.Objective;
import io.t3d.core.train.PairBatch;
import io.t3d.core.train.TrainingConfig;
import io.t3d.core.train.TrainingConfig.Precision;
import io.t3d.core.train.TrainingStep;
import io.t3d.core.train.optim.AdamW;
import io.t3d.losses.objective.ObjectiveConfig;
import io.t3d.losses.objective.T3DObjective;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;

/**
 * Whole training steps of T3D on demand, for {@code t3d-bench/compare-step}; its twin is {@code
 * step_reference.py}. Prints a line when it is ready; then runs one step for every line that it
 * reads and prints one line of JSON: seconds, processor seconds of all threads, loss, peak memory.
 * The line {@code profile} prints where a step's time goes instead, by part and by operation of
 * libtorch, {@code count} how many operations of libtorch it has; {@code pairs 8} makes the batches
 * after it that large.
 */
public final class StepRunner {
  private StepRunner() {}

  /**
   * Runs.
   *
   * @param args {@code resnet50} or {@code vit-base}, or either with {@code -narrow}; {@code
   *     float32} or {@code bfloat16}; a device, {@code cpu} unless given
   */
  public static void main(String[] args) throws IOException {
    T3DConfig config = StepData.model(args[0]);
    TrainingConfig training =
        TrainingConfig.builder()
            .precision(Precision.valueOf(args[1].toUpperCase(Locale.ROOT)))
            .build();
    BufferedReader commands =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    Device device = TorchEngine.device(args.length > 2 ? args[2] : "cpu");
    try (T3DModel model = T3DModel.create(config, device, 1)) {
      T3DObjective objective = T3DObjective.create(ObjectiveConfig.t3d(), model, 1);
      run(model, objective, training, StepData.viewSize(args[0]), commands);
    }
  }

  private static void run(
      T3DModel model,
      Objective objective,
      TrainingConfig training,
      int viewSize,
      BufferedReader commands)
      throws IOException {
    Map<String, Parameter> trained = new LinkedHashMap<>(model.parameters());
    objective.parameters().forEach((name, p) -> trained.put("objective." + name, p));
    try (AdamW optimizer = new AdamW(model.manager(), trained, training.optimizer())) {
      TrainingStep step = new TrainingStep(model, objective, optimizer, training);
      PairBatch batch = StepData.batch(StepData.PAIRS, viewSize);
      System.out.println("ready");
      String command = commands.readLine();
      for (int i = 0; command != null; i++, command = commands.readLine()) {
        int number = i;
        if (command.startsWith("pairs ")) {
          batch = StepData.batch(Integer.parseInt(command.substring("pairs ".length())), viewSize);
          continue;
        }
        PairBatch now = batch;
        if (command.equals("profile")) {
          StepProfile.of(() -> step.run(number, 1e-4, StepData.repeat(now), 1))
              .forEach(System.out::println);
          if (TorchBridge.available()) {
            System.out.println("by operation, in another step:");
            StepOperations.of(() -> step.run(number, 1e-4, StepData.repeat(now), 1))
                .slowest()
                .forEach(System.out::println);
          }
          System.out.println("end of profile");
          continue;
        }
        if (command.equals("count")) {
          System.out.println(
              StepOperations.of(() -> step.run(number, 1e-4, StepData.repeat(now), 1)).json());
          continue;
        }
        long start = System.nanoTime();
        long cpuStart = ProcessUse.cpuNanos();
        TrainingStep.Result result = step.run(i, 1e-4, StepData.repeat(now), 1);
        double seconds = (System.nanoTime() - start) / 1e9;
        double cpu = (ProcessUse.cpuNanos() - cpuStart) / 1e9;
        System.out.printf(
            Locale.ROOT,
            "{\"seconds\": %.4f, \"cpu\": %.4f, \"loss\": %.5f, \"peakMiB\": %d}%n",
            seconds,
            cpu,
            result.loss(),
            ProcessUse.peakMiB());
      }
    }
  }
}
