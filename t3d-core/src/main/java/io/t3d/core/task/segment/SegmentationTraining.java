package io.t3d.core.task.segment;

import io.t3d.core.internal.Checks;
import io.t3d.core.task.TaskTraining;
import java.util.Objects;

/**
 * Settings of a segmenter's training.
 *
 * @param steps optimizer steps
 * @param batch crops per step, each of another draw
 * @param foreground share of crops that are centred on a voxel of a structure, each structure of
 *     the volume being as likely; the others lie anywhere
 * @param freezeEncoder whether only the decoder learns
 * @param optimizer learning rate, schedule, clipping, precision and seed
 */
public record SegmentationTraining(
    int steps, int batch, double foreground, boolean freezeEncoder, TaskTraining optimizer) {
  /** Checks ranges. */
  public SegmentationTraining {
    Checks.positive("SegmentationTraining.steps", steps);
    Checks.positive("SegmentationTraining.batch", batch);
    Checks.inRange("SegmentationTraining.foreground", foreground, 0, 1);
    Objects.requireNonNull(optimizer, "SegmentationTraining.optimizer");
  }

  /** 300 steps of 2 crops, two thirds of them on a structure, all weights learning at 1e-3. */
  public static SegmentationTraining defaults() {
    return new SegmentationTraining(300, 2, 0.67, false, optimizer(1e-3, 42));
  }

  /** The usual optimizer settings at another learning rate and seed. */
  public static TaskTraining optimizer(double learningRate, long seed) {
    return TaskTraining.builder()
        .learningRate(learningRate)
        .betas(0.9, 0.999)
        .weightDecay(1e-2)
        .warmupFraction(0.05)
        .clipNorm(1)
        .seed(seed)
        .build();
  }

  /** The same with another number of steps. */
  public SegmentationTraining withSteps(int newSteps) {
    return new SegmentationTraining(newSteps, batch, foreground, freezeEncoder, optimizer);
  }

  /** The same with another optimizer. */
  public SegmentationTraining withOptimizer(TaskTraining newOptimizer) {
    return new SegmentationTraining(steps, batch, foreground, freezeEncoder, newOptimizer);
  }
}
