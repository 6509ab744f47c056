package io.t3d.core.eval;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/**
 * The samples whose label is known, of one label.
 *
 * @param rows their positions among all samples
 * @param positives how many say yes
 * @param sorted their scores
 */
record KnownScores(int[] rows, int positives, SortedScores sorted) {
  int negatives() {
    return rows.length - positives;
  }

  /** How often each known sample counts, from how often each of all samples does. */
  int[] times(int[] all) {
    int[] out = new int[rows.length];
    for (int i = 0; i < out.length; i++) {
      out[i] = all[rows[i]];
    }
    return out;
  }

  /** One entry per label; checks sizes and that scores are numbers. */
  static List<KnownScores> of(LabelMatrix targets, double[][] scores) {
    if (targets.size() != scores.length) {
      throw new IllegalArgumentException(
          "targets and scores must have one row per sample, got "
              + targets.size()
              + " and "
              + scores.length);
    }
    int labels = targets.names().size();
    for (int i = 0; i < scores.length; i++) {
      if (scores[i].length != labels) {
        throw new IllegalArgumentException(
            "Every row must have one value per label ("
                + labels
                + "), got "
                + labels
                + " targets and "
                + scores[i].length
                + " scores at sample "
                + i);
      }
    }
    List<KnownScores> out = new ArrayList<>();
    for (int label = 0; label < labels; label++) {
      out.add(ofLabel(label, targets.values(), scores));
    }
    return out;
  }

  private static KnownScores ofLabel(int label, double[][] targets, double[][] scores) {
    int[] rows =
        IntStream.range(0, targets.length).filter(i -> !Double.isNaN(targets[i][label])).toArray();
    boolean[] truth = new boolean[rows.length];
    double[] score = new double[rows.length];
    int positives = 0;
    for (int i = 0; i < rows.length; i++) {
      truth[i] = targets[rows[i]][label] == 1;
      score[i] = scores[rows[i]][label];
      positives += truth[i] ? 1 : 0;
    }
    BinaryMetrics.check(truth, score);
    return new KnownScores(rows, positives, new SortedScores(truth, score));
  }
}
