package io.t3d.core.eval;

import java.util.Arrays;
import java.util.OptionalDouble;
import java.util.stream.IntStream;

/**
 * Scores of one label from high to low. Sorted once, each metric is one pass, also when samples
 * count several times or not at all, as in a bootstrap.
 */
final class SortedScores {
  private final int[] order; // positions from the highest score to the lowest
  private final boolean[] targets;
  private final double[] scores;

  SortedScores(boolean[] targets, double[] scores) {
    this.targets = targets;
    this.scores = scores;
    this.order =
        IntStream.range(0, scores.length)
            .boxed()
            .sorted((a, b) -> Double.compare(scores[b], scores[a]))
            .mapToInt(Integer::intValue)
            .toArray();
  }

  /** How often each sample counts: once. */
  int[] once() {
    int[] ones = new int[order.length];
    Arrays.fill(ones, 1);
    return ones;
  }

  /** Told the counts of each group of equal scores, from high to low. */
  private interface Ties {
    void group(double score, long positives, long negatives);
  }

  private void walk(int[] times, Ties ties) {
    for (int from = 0; from < order.length; ) {
      double score = scores[order[from]];
      long positives = 0;
      long negatives = 0;
      for (; from < order.length && scores[order[from]] == score; from++) {
        int i = order[from];
        positives += targets[i] ? times[i] : 0;
        negatives += targets[i] ? 0 : times[i];
      }
      ties.group(score, positives, negatives);
    }
  }

  /** Mann–Whitney U over all pairs; a tie counts half. */
  OptionalDouble auroc(int[] times) {
    long[] seen = new long[2]; // positives and negatives with higher scores
    double[] wins = new double[1];
    walk(
        times,
        (score, positives, negatives) -> {
          wins[0] += negatives * (seen[0] + positives / 2.0);
          seen[0] += positives;
          seen[1] += negatives;
        });
    return seen[0] == 0 || seen[1] == 0
        ? OptionalDouble.empty()
        : OptionalDouble.of(wins[0] / ((double) seen[0] * seen[1]));
  }

  /** Precision at each threshold, weighted by the recall it adds. */
  OptionalDouble averagePrecision(int[] times) {
    long[] seen = new long[2]; // positives and all with at least this score
    double[] sum = new double[1];
    walk(
        times,
        (score, positives, negatives) -> {
          seen[0] += positives;
          seen[1] += positives + negatives;
          if (positives > 0) {
            sum[0] += positives * ((double) seen[0] / seen[1]);
          }
        });
    return seen[0] == 0 ? OptionalDouble.empty() : OptionalDouble.of(sum[0] / seen[0]);
  }

  /** Decisions at {@code score >= threshold}. */
  BinaryMetrics.Confusion confusion(int[] times, double threshold) {
    int[] counts = new int[4];
    for (int i = 0; i < targets.length; i++) {
      counts[(targets[i] ? 2 : 0) + (scores[i] >= threshold ? 1 : 0)] += times[i];
    }
    return new BinaryMetrics.Confusion(counts[3], counts[1], counts[0], counts[2]);
  }

  /** How good a threshold is. */
  interface Goodness {
    double of(BinaryMetrics.Confusion confusion);
  }

  /** The best of the scores as a threshold; the highest of equally good ones. */
  double bestThreshold(Goodness goodness) {
    int total = (int) IntStream.range(0, targets.length).filter(i -> targets[i]).count();
    int[] found = new int[2];
    double[] best = {Double.NaN, Double.NEGATIVE_INFINITY};
    walk(
        once(),
        (score, positives, negatives) -> {
          found[0] += (int) positives;
          found[1] += (int) negatives;
          int left = targets.length - total - found[1];
          double value =
              goodness.of(new BinaryMetrics.Confusion(found[0], found[1], left, total - found[0]));
          if (value > best[1]) {
            best[0] = score;
            best[1] = value;
          }
        });
    return best[0];
  }
}
