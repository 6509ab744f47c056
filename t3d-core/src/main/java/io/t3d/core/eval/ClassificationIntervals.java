package io.t3d.core.eval;

import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Confidence intervals of a {@link ClassificationReport}. A metric without an interval is left out.
 *
 * @param bootstrap how they were made
 * @param perLabel label → metric → interval
 * @param macro metric → interval of its mean over labels
 */
public record ClassificationIntervals(
    Bootstrap bootstrap, Map<String, Map<Metric, Interval>> perLabel, Map<Metric, Interval> macro) {
  /** Copies the maps, keeping their order. */
  public ClassificationIntervals {
    perLabel = Collections.unmodifiableMap(new LinkedHashMap<>(perLabel));
    macro = Collections.unmodifiableMap(new LinkedHashMap<>(macro));
  }

  /**
   * Resamples.
   *
   * @param targets labels of N samples
   * @param scores {@code [N][L]}
   * @param thresholds {@code [L]}, kept as they are: they were chosen on other samples
   * @param units N names, patients if possible; see {@link Bootstrap}
   * @throws IllegalArgumentException when sizes differ or a score is NaN
   */
  public static ClassificationIntervals of(
      LabelMatrix targets,
      double[][] scores,
      double[] thresholds,
      List<String> units,
      Bootstrap bootstrap) {
    if (units.size() != targets.size()) {
      throw new IllegalArgumentException(
          "units must name one unit per sample (" + targets.size() + "), got " + units.size());
    }
    List<String> labels = targets.names();
    List<KnownScores> known = KnownScores.of(targets, scores);
    List<Optional<Interval>> all =
        bootstrap.intervals(
            units, times -> flat(ClassificationReport.of(labels, known, times, thresholds)));
    List<Map<Metric, Interval>> rows = new ArrayList<>();
    Metric[] metrics = Metric.values();
    for (int from = 0; from < all.size(); from += metrics.length) {
      Map<Metric, Interval> row = new EnumMap<>(Metric.class);
      for (Metric metric : metrics) {
        all.get(from + metric.ordinal()).ifPresent(interval -> row.put(metric, interval));
      }
      rows.add(Collections.unmodifiableMap(row));
    }
    Map<String, Map<Metric, Interval>> perLabel = new LinkedHashMap<>();
    for (int label = 0; label < labels.size(); label++) {
      perLabel.put(labels.get(label), rows.get(label));
    }
    return new ClassificationIntervals(bootstrap, perLabel, rows.get(labels.size()));
  }

  /** All metrics of all labels, then those of the mean. */
  private static double[] flat(ClassificationReport report) {
    Metric[] metrics = Metric.values();
    double[] out = new double[(report.perLabel().size() + 1) * metrics.length];
    int at = 0;
    for (ClassificationReport.LabelMetrics label : report.perLabel().values()) {
      for (Metric metric : metrics) {
        out[at++] = label.get(metric).orElse(Double.NaN);
      }
    }
    for (Metric metric : metrics) {
      out[at++] = report.macro(metric).orElse(Double.NaN);
    }
    return out;
  }
}
