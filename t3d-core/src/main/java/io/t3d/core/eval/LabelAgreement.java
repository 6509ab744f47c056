package io.t3d.core.eval;

import io.t3d.core.eval.BinaryMetrics.Confusion;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Agreement between two sets of binary labels, e.g. those a labeler extracts from generated and
 * from reference reports: clinical precision, recall and F1.
 *
 * <p>Micro: over all decisions at once. Macro: the mean over labels. A ratio of nothing (a label
 * that neither side ever affirms) counts as 0, as in scikit-learn's {@code zero_division=0}.
 *
 * @param micro over all decisions
 * @param macro the mean over labels
 * @param perLabel label → scores, in order
 */
public record LabelAgreement(Scores micro, Scores macro, Map<String, Scores> perLabel) {
  /**
   * Scores of affirmations.
   *
   * @param precision share of those affirmed that are true
   * @param recall share of the true that were affirmed
   * @param f1 their harmonic mean
   */
  public record Scores(double precision, double recall, double f1) {
    private static Scores of(Confusion c) {
      return new Scores(c.precision().orElse(0), c.sensitivity().orElse(0), c.f1().orElse(0));
    }
  }

  /** Copies the map, keeping its order. */
  public LabelAgreement {
    perLabel = Collections.unmodifiableMap(new LinkedHashMap<>(perLabel));
  }

  /**
   * Compares labels.
   *
   * @param predicted one map per report, label → affirmed
   * @param truth the same labels of the reference
   * @throws IllegalArgumentException when counts or labels differ, or there are none
   */
  public static LabelAgreement of(
      List<Map<String, Boolean>> predicted, List<Map<String, Boolean>> truth) {
    if (truth.isEmpty() || predicted.size() != truth.size()) {
      throw new IllegalArgumentException(
          "predicted and truth must have one map per report, at least one, got "
              + predicted.size()
              + " and "
              + truth.size());
    }
    List<String> labels = new ArrayList<>(truth.get(0).keySet());
    Map<String, Confusion> counts = new LinkedHashMap<>();
    labels.forEach(label -> counts.put(label, new Confusion(0, 0, 0, 0)));
    for (int i = 0; i < truth.size(); i++) {
      check(i, labels, predicted.get(i).keySet());
      check(i, labels, truth.get(i).keySet());
      for (String label : labels) {
        boolean said = predicted.get(i).get(label);
        boolean is = truth.get(i).get(label);
        counts.merge(label, one(said, is), LabelAgreement::plus);
      }
    }
    Map<String, Scores> perLabel = new LinkedHashMap<>();
    counts.forEach((label, c) -> perLabel.put(label, Scores.of(c)));
    Confusion all = counts.values().stream().reduce(LabelAgreement::plus).orElseThrow();
    return new LabelAgreement(Scores.of(all), mean(perLabel.values()), perLabel);
  }

  private static void check(int report, List<String> labels, Collection<String> got) {
    if (labels.isEmpty() || got.size() != labels.size() || !got.containsAll(labels)) {
      throw new IllegalArgumentException(
          "Every report must have the labels " + labels + ", got " + got + " at report " + report);
    }
  }

  private static Confusion one(boolean said, boolean is) {
    return new Confusion(
        said && is ? 1 : 0, said && !is ? 1 : 0, !said && !is ? 1 : 0, !said && is ? 1 : 0);
  }

  private static Confusion plus(Confusion a, Confusion b) {
    return new Confusion(
        a.truePositives() + b.truePositives(),
        a.falsePositives() + b.falsePositives(),
        a.trueNegatives() + b.trueNegatives(),
        a.falseNegatives() + b.falseNegatives());
  }

  private static Scores mean(Collection<Scores> scores) {
    return new Scores(
        scores.stream().mapToDouble(Scores::precision).average().orElseThrow(),
        scores.stream().mapToDouble(Scores::recall).average().orElseThrow(),
        scores.stream().mapToDouble(Scores::f1).average().orElseThrow());
  }
}
