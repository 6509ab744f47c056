package io.t3d.bench;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A ratio of times within one run: it says how a kernel fares on whatever machine this is, which a
 * time alone does not.
 *
 * @param name key in the baseline file
 * @param ours benchmark of the kernel, {@code Class.method}
 * @param reference benchmark that it is compared with
 */
record GuardedRatio(String name, String ours, String reference) {
  /** How much a ratio may grow: less is noise on a shared machine. */
  static final double ALLOWED_GROWTH = 1.15;

  static final List<GuardedRatio> ALL =
      List.of(
          new GuardedRatio(
              "patch embedding, bfloat16 / conv3d in float32",
              "PatchEmbeddingBenchmark.oursBfloat16",
              "PatchEmbeddingBenchmark.conv3d"),
          new GuardedRatio(
              "patch embedding, float32 / conv3d in float32",
              "PatchEmbeddingBenchmark.ours",
              "PatchEmbeddingBenchmark.conv3d"),
          new GuardedRatio(
              "Sinkhorn / log domain", "SinkhornBenchmark.ours", "SinkhornBenchmark.logDomain"));

  /** Our time over the reference's, of the medians of each benchmark's forks. */
  static Map<String, Double> measured(Map<String, ? extends Collection<Double>> times) {
    Map<String, Double> ratios = new TreeMap<>();
    for (GuardedRatio ratio : ALL) {
      ratios.put(
          ratio.name(), median(times.get(ratio.ours())) / median(times.get(ratio.reference())));
    }
    return ratios;
  }

  static double median(Collection<Double> values) {
    double[] sorted = values.stream().mapToDouble(Double::doubleValue).sorted().toArray();
    int middle = sorted.length / 2;
    return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
  }

  /**
   * One line for each ratio that grew too much, or that the baseline lacks; empty when all hold.
   */
  static List<String> regressions(Map<String, Double> baseline, Map<String, Double> measured) {
    return measured.entrySet().stream()
        .filter(e -> !(e.getValue() <= limit(baseline, e.getKey())))
        .map(
            e ->
                baseline.containsKey(e.getKey())
                    ? String.format(
                        java.util.Locale.ROOT,
                        "%s: the ratio of times must be at most %.4f (baseline %.4f + 15 %%), got"
                            + " %.4f",
                        e.getKey(),
                        limit(baseline, e.getKey()),
                        baseline.get(e.getKey()),
                        e.getValue())
                    : e.getKey() + ": not in the baseline; run t3d-bench/guard --update")
        .toList();
  }

  private static double limit(Map<String, Double> baseline, String name) {
    return baseline.getOrDefault(name, Double.NaN) * ALLOWED_GROWTH;
  }

  /** The better of two measurements: what is slow twice is slow. */
  static Map<String, Double> best(Map<String, Double> first, Map<String, Double> second) {
    Map<String, Double> best = new TreeMap<>(first);
    second.forEach((name, ratio) -> best.merge(name, ratio, Math::min));
    return best;
  }
}
