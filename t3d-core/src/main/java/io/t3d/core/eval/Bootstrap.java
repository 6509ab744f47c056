package io.t3d.core.eval;

import io.t3d.core.internal.Checks;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.function.Function;

/**
 * Bootstrap confidence intervals (Efron and Tibshirani, 1993, chapter 13): units are drawn with
 * replacement, the statistic is recomputed on each draw, and the interval lies between percentiles
 * of the results. Volumes of one patient are no independent units: draw patients.
 *
 * @param resamples how often
 * @param level share of the results inside, e.g. 0.95
 * @param seed same seed, same intervals
 */
public record Bootstrap(int resamples, double level, long seed) {
  /** Checks ranges. */
  public Bootstrap {
    Checks.positive("Bootstrap.resamples", resamples);
    Checks.inRange("Bootstrap.level", level, 0.5, Math.nextDown(1.0));
  }

  /** 95 % intervals from 1000 resamples. */
  public static Bootstrap defaults() {
    return new Bootstrap(1000, 0.95, 42);
  }

  /**
   * Intervals of several statistics of the same samples.
   *
   * @param units N names; samples of one name are drawn together
   * @param statistics gets how often each sample counts, and returns one number per statistic, NaN
   *     where it is not defined; is called from one thread
   * @return one interval per statistic; empty when most resamples do not define it
   */
  public List<Optional<Interval>> intervals(
      List<String> units, Function<int[], double[]> statistics) {
    Map<String, Integer> known = new HashMap<>();
    int[] unit =
        units.stream().mapToInt(u -> known.computeIfAbsent(u, unused -> known.size())).toArray();
    SplittableRandom random = new SplittableRandom(seed);
    double[][] results = new double[resamples][];
    for (int r = 0; r < resamples; r++) {
      int[] drawn = new int[known.size()];
      for (int i = 0; i < drawn.length; i++) {
        drawn[random.nextInt(drawn.length)]++;
      }
      int[] times = new int[unit.length];
      Arrays.setAll(times, i -> drawn[unit[i]]);
      results[r] = statistics.apply(times);
    }
    int count = results[0].length;
    @SuppressWarnings({"unchecked", "rawtypes"})
    Optional<Interval>[] out = new Optional[count];
    for (int s = 0; s < count; s++) {
      int at = s;
      out[s] = interval(Arrays.stream(results).mapToDouble(row -> row[at]).toArray());
    }
    return List.of(out);
  }

  private Optional<Interval> interval(double[] values) {
    double[] sorted = Arrays.stream(values).filter(v -> !Double.isNaN(v)).sorted().toArray();
    if (2 * sorted.length <= values.length) {
      return Optional.empty();
    }
    return Optional.of(
        new Interval(percentile(sorted, (1 - level) / 2), percentile(sorted, 1 - (1 - level) / 2)));
  }

  /** Interpolates linearly between the neighbours, as {@code numpy.percentile}. */
  static double percentile(double[] sorted, double share) {
    double at = share * (sorted.length - 1);
    int below = (int) Math.floor(at);
    int above = Math.min(below + 1, sorted.length - 1);
    return sorted[below] + (at - below) * (sorted[above] - sorted[below]);
  }
}
