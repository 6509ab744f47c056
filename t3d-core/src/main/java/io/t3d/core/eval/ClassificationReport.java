package io.t3d.core.eval;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;
import java.util.function.Function;

/**
 * Metrics of many yes-or-no labels.
 *
 * @param perLabel label → its metrics, in the order given
 */
public record ClassificationReport(Map<String, LabelMetrics> perLabel) {
  /**
   * Metrics of one label; undefined ones are empty.
   *
   * @param positives samples with the finding
   * @param negatives samples without it
   * @param auroc area under the ROC curve
   * @param averagePrecision area under the precision–recall steps
   * @param accuracy at the threshold
   * @param f1 at the threshold
   */
  public record LabelMetrics(
      int positives,
      int negatives,
      OptionalDouble auroc,
      OptionalDouble averagePrecision,
      OptionalDouble accuracy,
      OptionalDouble f1) {}

  /** Copies the map, keeping its order. */
  public ClassificationReport {
    perLabel = Collections.unmodifiableMap(new LinkedHashMap<>(perLabel));
  }

  /**
   * Compares scores with targets.
   *
   * @param labels names of the labels
   * @param targets {@code [sample][label]}: 1 yes, 0 no, NaN not known (the sample is then left out
   *     for that label)
   * @param scores {@code [sample][label]}: higher means more likely
   * @param threshold of accuracy and F1: predicted yes when {@code score >= threshold}
   * @throws IllegalArgumentException when sizes differ, a target is none of these or a score is NaN
   */
  public static ClassificationReport of(
      List<String> labels, double[][] targets, double[][] scores, double threshold) {
    if (targets.length != scores.length) {
      throw new IllegalArgumentException(
          "targets and scores must have one row per sample, got "
              + targets.length
              + " and "
              + scores.length);
    }
    for (int i = 0; i < targets.length; i++) {
      if (targets[i].length != labels.size() || scores[i].length != labels.size()) {
        throw new IllegalArgumentException(
            "Every row must have one value per label ("
                + labels.size()
                + "), got "
                + targets[i].length
                + " targets and "
                + scores[i].length
                + " scores at sample "
                + i);
      }
    }
    Map<String, LabelMetrics> perLabel = new LinkedHashMap<>();
    for (int label = 0; label < labels.size(); label++) {
      LabelMetrics metrics = ofLabel(labels.get(label), label, targets, scores, threshold);
      if (perLabel.put(labels.get(label), metrics) != null) {
        throw new IllegalArgumentException(
            "Labels must have different names, got " + labels.get(label) + " twice");
      }
    }
    return new ClassificationReport(perLabel);
  }

  private static LabelMetrics ofLabel(
      String name, int label, double[][] targets, double[][] scores, double threshold) {
    List<Integer> known = new ArrayList<>();
    for (int i = 0; i < targets.length; i++) {
      double target = targets[i][label];
      if (target == 0 || target == 1) {
        known.add(i);
      } else if (!Double.isNaN(target)) {
        throw new IllegalArgumentException(
            "Targets must be 0, 1 or NaN (not known), got "
                + target
                + " for "
                + name
                + " at sample "
                + i);
      }
    }
    boolean[] truth = new boolean[known.size()];
    double[] score = new double[known.size()];
    int positives = 0;
    for (int i = 0; i < truth.length; i++) {
      truth[i] = targets[known.get(i)][label] == 1;
      score[i] = scores[known.get(i)][label];
      positives += truth[i] ? 1 : 0;
    }
    BinaryMetrics.Confusion confusion = BinaryMetrics.confusion(truth, score, threshold);
    return new LabelMetrics(
        positives,
        truth.length - positives,
        BinaryMetrics.auroc(truth, score),
        BinaryMetrics.averagePrecision(truth, score),
        confusion.accuracy(),
        confusion.f1());
  }

  /** Mean AUROC over the labels that have one; empty when none has. See {@link #undefined()}. */
  public OptionalDouble macroAuroc() {
    return macro(LabelMetrics::auroc);
  }

  /** Mean average precision over the labels that have one. */
  public OptionalDouble macroAveragePrecision() {
    return macro(LabelMetrics::averagePrecision);
  }

  /** Mean accuracy over the labels that have one. */
  public OptionalDouble macroAccuracy() {
    return macro(LabelMetrics::accuracy);
  }

  /** Mean F1 over the labels that have one. */
  public OptionalDouble macroF1() {
    return macro(LabelMetrics::f1);
  }

  /** Labels whose samples are all positive or all negative: they have no AUROC to average. */
  public List<String> undefined() {
    return perLabel.entrySet().stream()
        .filter(e -> e.getValue().auroc().isEmpty())
        .map(Map.Entry::getKey)
        .toList();
  }

  private OptionalDouble macro(Function<LabelMetrics, OptionalDouble> metric) {
    Collection<LabelMetrics> all = perLabel.values();
    return all.stream()
        .map(metric)
        .filter(OptionalDouble::isPresent)
        .mapToDouble(OptionalDouble::getAsDouble)
        .average();
  }
}
