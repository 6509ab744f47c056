package io.t3d.core.task.classify;

import io.t3d.core.internal.Checks;

/**
 * Settings of {@link LinearProbe}.
 *
 * @param l2 λ of {@code λ/2 · |w|²}, beside the <em>sum</em> of the samples' losses: 1/C of
 *     scikit-learn. The more labels there are, the less it counts
 * @param classWeighting whether positives weigh negatives / positives of the training labels
 * @param maxPositiveWeight bound of that weight
 * @param standardize whether features are brought to mean 0 and deviation 1 of the training set
 * @param maxIterations of L-BFGS
 * @param tolerance L-BFGS stops when no entry of the gradient is larger
 * @param patience iterations without a better validation loss after which a label's training stops;
 *     without validation samples it runs to the minimum
 */
public record ProbeConfig(
    double l2,
    boolean classWeighting,
    double maxPositiveWeight,
    boolean standardize,
    int maxIterations,
    double tolerance,
    int patience) {
  /** Checks ranges. */
  public ProbeConfig {
    Checks.inRange("ProbeConfig.l2", l2, 0, Double.MAX_VALUE);
    Checks.inRange("ProbeConfig.maxPositiveWeight", maxPositiveWeight, 1, Double.MAX_VALUE);
    Checks.positive("ProbeConfig.maxIterations", maxIterations);
    Checks.positive("ProbeConfig.tolerance", tolerance);
    Checks.positive("ProbeConfig.patience", patience);
  }

  /** scikit-learn's regularisation (C = 1) with class weights and standardised features. */
  public static ProbeConfig defaults() {
    return new ProbeConfig(1, true, 100, true, 200, 1e-4, 10);
  }

  /** The same with another {@link #l2}. */
  public ProbeConfig withL2(double newL2) {
    return new ProbeConfig(
        newL2, classWeighting, maxPositiveWeight, standardize, maxIterations, tolerance, patience);
  }

  /** The same with or without class weights. */
  public ProbeConfig withClassWeighting(boolean weighted) {
    return new ProbeConfig(
        l2, weighted, maxPositiveWeight, standardize, maxIterations, tolerance, patience);
  }
}
