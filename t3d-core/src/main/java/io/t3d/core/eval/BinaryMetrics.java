package io.t3d.core.eval;

import java.util.OptionalDouble;

/**
 * Metrics of one binary label; the values equal scikit-learn's. A metric that is not defined for
 * the targets at hand is empty, never a number that looks like a result.
 */
public final class BinaryMetrics {
  private BinaryMetrics() {}

  /**
   * Area under the ROC curve: the chance that a positive scores higher than a negative, a tie
   * counting half (Mann–Whitney U).
   *
   * @param targets which samples are positive
   * @param scores higher means more likely positive; any scale
   * @return in [0, 1]; empty when all targets are the same
   * @throws IllegalArgumentException when lengths differ or a score is NaN
   */
  public static OptionalDouble auroc(boolean[] targets, double[] scores) {
    check(targets, scores);
    SortedScores sorted = new SortedScores(targets, scores);
    return sorted.auroc(sorted.once());
  }

  /**
   * Average precision: precision at each threshold, weighted by the recall it adds; samples with
   * equal scores share a threshold. No interpolation.
   *
   * @param targets which samples are positive
   * @param scores higher means more likely positive; any scale
   * @return in [0, 1]; empty without a positive
   * @throws IllegalArgumentException when lengths differ or a score is NaN
   */
  public static OptionalDouble averagePrecision(boolean[] targets, double[] scores) {
    check(targets, scores);
    SortedScores sorted = new SortedScores(targets, scores);
    return sorted.averagePrecision(sorted.once());
  }

  /**
   * Counts at a threshold.
   *
   * @param targets which samples are positive
   * @param scores predicted positive when {@code score >= threshold}
   * @throws IllegalArgumentException when lengths differ or a score is NaN
   */
  public static Confusion confusion(boolean[] targets, double[] scores, double threshold) {
    check(targets, scores);
    SortedScores sorted = new SortedScores(targets, scores);
    return sorted.confusion(sorted.once(), threshold);
  }

  /**
   * Counts of right and wrong decisions.
   *
   * @param truePositives positive and said so
   * @param falsePositives negative, said positive
   * @param trueNegatives negative and said so
   * @param falseNegatives positive, said negative
   */
  public record Confusion(
      int truePositives, int falsePositives, int trueNegatives, int falseNegatives) {
    /** Share of right decisions; empty without samples. */
    public OptionalDouble accuracy() {
      return ratio(
          truePositives + trueNegatives,
          truePositives + trueNegatives + falsePositives + falseNegatives);
    }

    /** Harmonic mean of precision and recall; empty when nothing is or was said positive. */
    public OptionalDouble f1() {
      return ratio(2 * truePositives, 2 * truePositives + falsePositives + falseNegatives);
    }

    /** Share of the positives that were found (recall); empty without a positive. */
    public OptionalDouble sensitivity() {
      return ratio(truePositives, truePositives + falseNegatives);
    }

    /** Share of the negatives that were left alone; empty without a negative. */
    public OptionalDouble specificity() {
      return ratio(trueNegatives, trueNegatives + falsePositives);
    }

    /** Share of those said positive that are; empty when nothing was said positive. */
    public OptionalDouble precision() {
      return ratio(truePositives, truePositives + falsePositives);
    }

    private static OptionalDouble ratio(int part, int whole) {
      return whole == 0 ? OptionalDouble.empty() : OptionalDouble.of((double) part / whole);
    }
  }

  static void check(boolean[] targets, double[] scores) {
    if (targets.length != scores.length) {
      throw new IllegalArgumentException(
          "targets and scores must have one entry per sample, got "
              + targets.length
              + " and "
              + scores.length);
    }
    for (int i = 0; i < scores.length; i++) {
      if (Double.isNaN(scores[i])) {
        throw new IllegalArgumentException(
            "scores must be numbers, got NaN at sample " + i + "; the model has diverged");
      }
    }
  }
}
