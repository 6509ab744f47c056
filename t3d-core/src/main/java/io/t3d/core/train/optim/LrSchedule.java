package io.t3d.core.train.optim;

import io.t3d.core.internal.Checks;

/**
 * Learning rate by step: a linear warm-up to the peak, then half a cosine down to the floor.
 *
 * <pre>{@code
 * step < warmup:  peak · (step + 1) / warmup
 * else:           floor + (peak - floor) · (1 + cos(π · (step - warmup) / (total - warmup))) / 2
 * }</pre>
 *
 * <p>Loshchilov and Hutter 2017, "SGDR", with the warm-up of Goyal et al. 2017.
 *
 * @param peak highest learning rate
 * @param floor lowest learning rate, kept after the last step
 * @param warmupSteps steps of the warm-up, may be 0
 * @param totalSteps steps of the whole training
 */
public record LrSchedule(double peak, double floor, int warmupSteps, int totalSteps) {
  /** Checks ranges. */
  public LrSchedule {
    Checks.positive("LrSchedule.peak", peak);
    Checks.inRange("LrSchedule.floor", floor, 0, peak);
    Checks.positive("LrSchedule.totalSteps", totalSteps);
    Checks.inRange("LrSchedule.warmupSteps", warmupSteps, 0, totalSteps);
  }

  /**
   * The learning rate of a step.
   *
   * @param step from 0
   */
  public double at(int step) {
    if (step < warmupSteps) {
      return peak * (step + 1) / warmupSteps;
    }
    double progress =
        Math.min(1.0, (step - warmupSteps) / (double) Math.max(1, totalSteps - warmupSteps));
    return floor + (peak - floor) * (1 + Math.cos(Math.PI * progress)) / 2;
  }
}
