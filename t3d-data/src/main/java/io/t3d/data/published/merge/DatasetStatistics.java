package io.t3d.data.published.merge;

import io.t3d.data.manifest.Split;
import io.t3d.data.published.BuildSettings;
import java.util.Arrays;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.ToDoubleFunction;

/**
 * Statistics of merged datasets: counts and distributions only, no ids, paths or report texts.
 *
 * @param settings how they were merged
 * @param sources by set, in the order in which they were given
 */
public record DatasetStatistics(BuildSettings settings, Map<String, Source> sources) {
  /**
   * One set.
   *
   * @param splits counts by split
   * @param labels prevalence by label
   * @param reportWords words per report; absent without reports
   * @param reportsOfSeveralScans distinct reports that more than one scan has
   * @param spacingMm distances of voxels along the stored axes x, y, z
   * @param size voxels along the stored axes x, y, z
   * @param dropped rows and files that were left out, by reason
   */
  public record Source(
      Map<String, Count> splits,
      Map<String, Prevalence> labels,
      Optional<Distribution> reportWords,
      int reportsOfSeveralScans,
      Map<String, Distribution> spacingMm,
      Map<String, Distribution> size,
      Map<String, Integer> dropped) {}

  /** Volumes, their scans and patients. */
  public record Count(int volumes, int scans, int patients) {}

  /** Volumes whose label is known, those of them with the finding, and their share. */
  public record Prevalence(int known, int positive, double share) {}

  /** Quantiles by the nearest rank. */
  public record Distribution(double min, double p05, double median, double p95, double max) {
    static Distribution of(Collection<SourcedStudy> studies, ToDoubleFunction<SourcedStudy> f) {
      double[] sorted = studies.stream().mapToDouble(f).sorted().toArray();
      return new Distribution(
          sorted[0],
          at(sorted, 0.05),
          at(sorted, 0.5),
          at(sorted, 0.95),
          sorted[sorted.length - 1]);
    }

    private static double at(double[] sorted, double q) {
      return sorted[Math.max(0, (int) Math.ceil(q * sorted.length) - 1)];
    }
  }

  static Source of(List<SourcedStudy> studies, Map<String, Integer> dropped) {
    boolean reports = studies.stream().noneMatch(s -> s.study().report().isEmpty());
    return new Source(
        counts(studies),
        prevalences(studies),
        reports
            ? Optional.of(Distribution.of(studies, s -> words(s.study().report())))
            : Optional.empty(),
        Duplicates.sharedReports(studies),
        axes(
            Distribution.of(studies, s -> round(s.info().affine().spacing().x())),
            Distribution.of(studies, s -> round(s.info().affine().spacing().y())),
            Distribution.of(studies, s -> round(s.info().affine().spacing().z()))),
        axes(
            Distribution.of(studies, s -> s.info().width()),
            Distribution.of(studies, s -> s.info().height()),
            Distribution.of(studies, s -> s.info().depth())),
        new TreeMap<>(dropped));
  }

  private static Map<String, Distribution> axes(Distribution x, Distribution y, Distribution z) {
    Map<String, Distribution> axes = new LinkedHashMap<>();
    axes.put("x", x);
    axes.put("y", y);
    axes.put("z", z);
    return axes;
  }

  private static Map<String, Count> counts(List<SourcedStudy> studies) {
    Map<String, Count> counts = new LinkedHashMap<>();
    for (Split split : Split.values()) {
      List<SourcedStudy> rows = studies.stream().filter(s -> s.split() == split).toList();
      if (!rows.isEmpty()) {
        counts.put(split.text(), count(rows));
      }
    }
    counts.put("all", count(studies));
    return counts;
  }

  private static Count count(List<SourcedStudy> studies) {
    return new Count(
        studies.size(),
        (int) studies.stream().map(SourcedStudy::scan).distinct().count(),
        (int) studies.stream().map(SourcedStudy::patient).distinct().count());
  }

  private static Map<String, Prevalence> prevalences(List<SourcedStudy> studies) {
    Map<String, int[]> counts = new LinkedHashMap<>();
    for (SourcedStudy s : studies) {
      s.study()
          .labels()
          .forEach(
              (name, present) -> {
                int[] c = counts.computeIfAbsent(name, n -> new int[2]);
                c[0]++;
                c[1] += present ? 1 : 0;
              });
    }
    Map<String, Prevalence> prevalences = new LinkedHashMap<>();
    counts.forEach(
        (name, c) -> prevalences.put(name, new Prevalence(c[0], c[1], (double) c[1] / c[0])));
    return prevalences;
  }

  private static double words(String report) {
    return Arrays.stream(report.split("\\s+")).filter(w -> !w.isEmpty()).count();
  }

  /** To a micron: headers hold float32. */
  private static double round(double mm) {
    return Math.round(mm * 1000) / 1000.0;
  }
}
