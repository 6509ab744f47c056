package io.t3d.core.eval;

import java.util.Arrays;
import java.util.OptionalDouble;
import java.util.stream.IntStream;

/**
 * Metrics of one yes-or-no label, equal to those of scikit-learn. A metric that is not defined for
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
    int[] order = ascending(scores);
    double positiveRanks = 0;
    long positives = 0;
    for (int from = 0; from < order.length; ) {
      int to = endOfTie(order, scores, from);
      double rank = (from + 1 + to) / 2.0; // mean of the ranks from+1 … to
      for (int i = from; i < to; i++) {
        if (targets[order[i]]) {
          positives++;
          positiveRanks += rank;
        }
      }
      from = to;
    }
    long negatives = targets.length - positives;
    if (positives == 0 || negatives == 0) {
      return OptionalDouble.empty();
    }
    double wins = positiveRanks - positives * (positives + 1) / 2.0;
    return OptionalDouble.of(wins / ((double) positives * negatives));
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
    long total = count(targets);
    if (total == 0) {
      return OptionalDouble.empty();
    }
    int[] order = ascending(Arrays.stream(scores).map(s -> -s).toArray());
    double sum = 0;
    long found = 0;
    for (int from = 0; from < order.length; ) {
      int to = endOfTie(order, scores, from);
      long before = found;
      for (int i = from; i < to; i++) {
        found += targets[order[i]] ? 1 : 0;
      }
      sum += (found - before) * ((double) found / to);
      from = to;
    }
    return OptionalDouble.of(sum / total);
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
    int[] counts = new int[4];
    for (int i = 0; i < targets.length; i++) {
      counts[(targets[i] ? 2 : 0) + (scores[i] >= threshold ? 1 : 0)]++;
    }
    return new Confusion(counts[3], counts[1], counts[0], counts[2]);
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

  private static int endOfTie(int[] order, double[] scores, int from) {
    int to = from + 1;
    while (to < order.length && scores[order[to]] == scores[order[from]]) {
      to++;
    }
    return to;
  }

  private static int[] ascending(double[] values) {
    return IntStream.range(0, values.length)
        .boxed()
        .sorted((a, b) -> Double.compare(values[a], values[b]))
        .mapToInt(Integer::intValue)
        .toArray();
  }

  private static long count(boolean[] targets) {
    return IntStream.range(0, targets.length).filter(i -> targets[i]).count();
  }

  private static void check(boolean[] targets, double[] scores) {
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
