package io.t3d.core.eval;

import java.util.Arrays;
import java.util.List;

/**
 * The rule by which a decision threshold is chosen for each label. Choose it on validation samples
 * and use it on test samples: a threshold that was chosen on the test set makes accuracy and F1 too
 * good.
 */
public enum OperatingPoint {
  /** The largest sensitivity + specificity - 1 (Youden, 1950). */
  YOUDEN_J,
  /** The largest F1. */
  MAX_F1,
  /**
   * The point of the ROC curve that is closest to (0, 1), as CT-CLIP's scripts choose it; there it
   * is chosen on the test set.
   */
  CLOSEST_TO_CORNER;

  /**
   * Thresholds of all labels.
   *
   * @param validation labels of N samples
   * @param scores {@code [N][L]}
   * @param fallback for labels without both classes among these samples
   * @return {@code [L]}; each is a score of a sample, the highest of equally good ones
   * @throws IllegalArgumentException when sizes differ or a score is NaN
   */
  public double[] thresholds(LabelMatrix validation, double[][] scores, double fallback) {
    List<KnownScores> perLabel = KnownScores.of(validation, scores);
    double[] thresholds = new double[perLabel.size()];
    Arrays.setAll(
        thresholds,
        label -> {
          KnownScores known = perLabel.get(label);
          return known.positives() == 0 || known.negatives() == 0
              ? fallback
              : known.sorted().bestThreshold(this::goodness);
        });
    return thresholds;
  }

  private double goodness(BinaryMetrics.Confusion c) {
    double sensitivity = c.sensitivity().orElse(0);
    double specificity = c.specificity().orElse(0);
    return switch (this) {
      case YOUDEN_J -> sensitivity + specificity - 1;
      case MAX_F1 -> c.f1().orElse(0);
      case CLOSEST_TO_CORNER -> -Math.hypot(1 - sensitivity, 1 - specificity);
    };
  }
}
