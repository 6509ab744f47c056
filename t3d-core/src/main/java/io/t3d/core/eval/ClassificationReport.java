package io.t3d.core.eval;

import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalDouble;

/**
 * Metrics of a multi-label classification.
 *
 * @param perLabel label → its metrics, in the order given
 */
public record ClassificationReport(Map<String, LabelMetrics> perLabel) {
  /**
   * Metrics of one label; undefined ones are empty.
   *
   * @param positives samples with the finding
   * @param negatives samples without it
   * @param threshold said positive when {@code score >= threshold}
   * @param auroc area under the ROC curve
   * @param averagePrecision area under the precision–recall steps
   * @param confusion decisions at the threshold
   */
  public record LabelMetrics(
      int positives,
      int negatives,
      double threshold,
      OptionalDouble auroc,
      OptionalDouble averagePrecision,
      BinaryMetrics.Confusion confusion) {
    /** One of the metrics. */
    public OptionalDouble get(Metric metric) {
      return switch (metric) {
        case AUROC -> auroc;
        case AVERAGE_PRECISION -> averagePrecision;
        case ACCURACY -> confusion.accuracy();
        case F1 -> confusion.f1();
        case PRECISION -> confusion.precision();
        case RECALL -> confusion.sensitivity();
        case SPECIFICITY -> confusion.specificity();
      };
    }

    static LabelMetrics of(KnownScores known, int[] times, double threshold) {
      int[] own = known.times(times);
      BinaryMetrics.Confusion confusion = known.sorted().confusion(own, threshold);
      return new LabelMetrics(
          confusion.truePositives() + confusion.falseNegatives(),
          confusion.trueNegatives() + confusion.falsePositives(),
          threshold,
          known.sorted().auroc(own),
          known.sorted().averagePrecision(own),
          confusion);
    }
  }

  /** Copies the map, keeping its order. */
  public ClassificationReport {
    perLabel = Collections.unmodifiableMap(new LinkedHashMap<>(perLabel));
  }

  /**
   * Compares scores with targets at one threshold for all labels.
   *
   * @param labels names of the labels
   * @param targets {@code [sample][label]}: 1 yes, 0 no, NaN not known (the sample is then left out
   *     for that label)
   * @param scores {@code [sample][label]}: higher means more likely
   * @param threshold of all but the areas: predicted yes when {@code score >= threshold}
   * @throws IllegalArgumentException when sizes differ, a target is none of these or a score is NaN
   */
  public static ClassificationReport of(
      List<String> labels, double[][] targets, double[][] scores, double threshold) {
    double[] thresholds = new double[labels.size()];
    Arrays.fill(thresholds, threshold);
    return of(new LabelMatrix(labels, targets), scores, thresholds);
  }

  /**
   * Compares scores with targets.
   *
   * @param targets labels of N samples; one that is not known is left out for that label
   * @param scores {@code [N][L]}: higher means more likely
   * @param thresholds {@code [L]}, e.g. of an {@link OperatingPoint} on validation samples
   * @throws IllegalArgumentException when sizes differ or a score is NaN
   */
  public static ClassificationReport of(
      LabelMatrix targets, double[][] scores, double[] thresholds) {
    int[] once = new int[targets.size()];
    Arrays.fill(once, 1);
    return of(targets.names(), KnownScores.of(targets, scores), once, thresholds);
  }

  static ClassificationReport of(
      List<String> labels, List<KnownScores> known, int[] times, double[] thresholds) {
    if (thresholds.length != labels.size()) {
      throw new IllegalArgumentException(
          "thresholds must have one entry per label ("
              + labels.size()
              + "), got "
              + thresholds.length);
    }
    Map<String, LabelMetrics> perLabel = new LinkedHashMap<>();
    for (int label = 0; label < labels.size(); label++) {
      perLabel.put(labels.get(label), LabelMetrics.of(known.get(label), times, thresholds[label]));
    }
    return new ClassificationReport(perLabel);
  }

  /** Mean of a metric over the labels that have one; empty when none has. */
  public OptionalDouble macro(Metric metric) {
    return perLabel.values().stream()
        .map(m -> m.get(metric))
        .filter(OptionalDouble::isPresent)
        .mapToDouble(OptionalDouble::getAsDouble)
        .average();
  }

  /** Mean AUROC over the labels that have one; empty when none has. See {@link #undefined()}. */
  public OptionalDouble macroAuroc() {
    return macro(Metric.AUROC);
  }

  /** Labels whose samples are all positive or all negative: they have no AUROC to average. */
  public List<String> undefined() {
    return perLabel.entrySet().stream()
        .filter(e -> e.getValue().auroc().isEmpty())
        .map(Map.Entry::getKey)
        .toList();
  }
}
