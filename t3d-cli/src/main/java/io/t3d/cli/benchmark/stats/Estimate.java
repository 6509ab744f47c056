package io.t3d.cli.benchmark.stats;

import java.util.List;
import java.util.Locale;

/**
 * A mean over replicates with its 95 % interval (Student's t). Of paired differences, p is that of
 * the paired t-test.
 *
 * @param mean of the replicates' values
 * @param halfWidth of the 95 % interval; NaN with one replicate
 * @param p two-sided, of the mean being zero; NaN with one replicate
 * @param replicates how many there are
 */
public record Estimate(double mean, double halfWidth, double p, int replicates) {
  private static final double FINE = 0.01;

  /** Of values, one per replicate. */
  public static Estimate of(List<Double> values) {
    int n = values.size();
    double mean = values.stream().mapToDouble(Double::doubleValue).average().orElse(Double.NaN);
    if (n < 2) {
      return new Estimate(mean, Double.NaN, Double.NaN, n);
    }
    double squares = values.stream().mapToDouble(v -> (v - mean) * (v - mean)).sum();
    double error = Math.sqrt(squares / (n - 1) / n);
    double half = StudentT.quantile(0.05, n - 1) * error;
    double p = error == 0 ? (mean == 0 ? 1 : 0) : StudentT.twoSided(mean / error, n - 1);
    return new Estimate(mean, half, p, n);
  }

  /** Lower end of the interval. */
  public double low() {
    return mean - halfWidth;
  }

  /** Upper end of the interval. */
  public double high() {
    return mean + halfWidth;
  }

  /** E.g. {@code 0.71 ± 0.02}: a third place only where the interval is narrow enough for it. */
  public String text() {
    return text("%");
  }

  /** The same with a sign, for differences. */
  public String signed() {
    return text("%+").replace('-', '−');
  }

  private String text(String format) {
    int places = halfWidth < FINE ? 3 : 2;
    String number = String.format(Locale.ROOT, format + "." + places + "f", mean);
    return Double.isNaN(halfWidth)
        ? number
        : number + String.format(Locale.ROOT, " ± %." + places + "f", halfWidth);
  }
}
