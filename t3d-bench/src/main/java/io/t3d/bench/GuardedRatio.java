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
          of(
              "patch embedding, bfloat16 / conv3d in float32",
              "PatchEmbedding",
              "oursBfloat16",
              "conv3d"),
          of("patch embedding, float32 / conv3d in float32", "PatchEmbedding", "ours", "conv3d"),
          of(
              "attention with backward / softmax",
              "Attention",
              "oursWithBackward",
              "plainWithBackward"),
          of("residual blocks / channels first", "ResNet3d", "ours", "plain"),
          of("Sinkhorn / log domain", "Sinkhorn", "ours", "logDomain"),
          of("token matching / distances", "TokenMatching", "ours", "distances"),
          of("token gather with backward / plain", "TokenGather", "ours", "plain"),
          of("prototype loss with backward / plain", "PrototypeLoss", "ours", "plain"),
          of("contrastive loss with backward / plain", "ContrastiveLoss", "ours", "plain"),
          of("views / libtorch", "MultiViewSampler", "ours", "libtorch"),
          of("loader / in turn", "Loader", "ours", "inTurn"));

  private static GuardedRatio of(String name, String kernel, String ours, String reference) {
    String benchmarks = kernel + "Benchmark.";
    return new GuardedRatio(name, benchmarks + ours, benchmarks + reference);
  }

  /** Whether it runs libtorch's 3×3×3 convolutions, which are not right on every machine. */
  boolean convolves() {
    return ours.startsWith("ResNet3d");
  }

  /**
   * Our time over the reference's, of the medians of each benchmark's forks, where it was timed.
   */
  static Map<String, Double> measured(Map<String, ? extends Collection<Double>> times) {
    Map<String, Double> ratios = new TreeMap<>();
    for (GuardedRatio ratio : ALL) {
      if (times.containsKey(ratio.ours())) {
        ratios.put(
            ratio.name(), median(times.get(ratio.ours())) / median(times.get(ratio.reference())));
      }
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
        .filter(e -> isRegression(baseline, e.getKey(), e.getValue()))
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

  /** Also where it is no number, or not in the baseline. */
  static boolean isRegression(Map<String, Double> baseline, String name, double ratio) {
    return !(ratio <= limit(baseline, name));
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
