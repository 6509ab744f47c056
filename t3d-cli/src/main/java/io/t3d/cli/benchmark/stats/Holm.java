package io.t3d.cli.benchmark.stats;

import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

/** Holm's correction for several tests (Holm, 1979): the family's error stays at the level. */
public final class Holm {
  private Holm() {}

  /**
   * Adjusts.
   *
   * @param p of each test; NaN counts as 1
   * @return in the same order: a test is significant when its value is below the level
   */
  public static double[] adjust(List<Double> p) {
    double[] raw = p.stream().mapToDouble(v -> Double.isNaN(v) ? 1 : v).toArray();
    int[] order =
        IntStream.range(0, raw.length)
            .boxed()
            .sorted(Comparator.comparingDouble(i -> raw[i]))
            .mapToInt(i -> i)
            .toArray();
    double[] adjusted = new double[raw.length];
    double most = 0;
    for (int rank = 0; rank < order.length; rank++) {
      most = Math.max(most, Math.min(1, (raw.length - rank) * raw[order[rank]]));
      adjusted[order[rank]] = most;
    }
    return adjusted;
  }
}
