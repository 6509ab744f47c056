package io.t3d.cli.benchmark.stats;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * A claim that was written down before the run, and what the run says of it.
 *
 * @param statement what is claimed
 * @param metric {@code task/metric}
 * @param difference T3D minus CLIP; absent when there is no pair of replicates yet
 * @param adjusted p by Holm over the claims of superiority; NaN for non-inferiority
 * @param verdict supported, not shown, contradicted, or how many replicates are missing
 */
public record Claim(
    String statement,
    String metric,
    Optional<Estimate> difference,
    double adjusted,
    String verdict) {
  /** The level of all tests. */
  public static final double LEVEL = 0.05;

  /**
   * Claims that a difference is above zero, Holm's correction over them all.
   *
   * @param statements one per claim
   * @param metrics one per claim
   * @param differences one per claim; empty when there is none yet
   * @param planned replicates
   */
  public static List<Claim> superiority(
      List<String> statements,
      List<String> metrics,
      List<Optional<Estimate>> differences,
      int planned) {
    List<Double> p = new ArrayList<>();
    differences.forEach(d -> p.add(d.map(Estimate::p).orElse(Double.NaN)));
    double[] adjusted = Holm.adjust(p);
    List<Claim> claims = new ArrayList<>();
    for (int i = 0; i < statements.size(); i++) {
      Optional<Estimate> d = differences.get(i);
      String verdict = open(d, planned);
      if (verdict.isEmpty()) {
        boolean significant = adjusted[i] < LEVEL;
        verdict =
            !significant ? "not shown" : d.orElseThrow().mean() > 0 ? "supported" : "contradicted";
      }
      claims.add(new Claim(statements.get(i), metrics.get(i), d, adjusted[i], verdict));
    }
    return claims;
  }

  /**
   * Claims that a difference is above minus a margin: by the lower end of its 95 % interval.
   *
   * @param statement what is claimed
   * @param metric of the difference
   * @param difference empty when there is none yet
   * @param margin &gt; 0
   * @param planned replicates
   */
  public static Claim noninferiority(
      String statement, String metric, Optional<Estimate> difference, double margin, int planned) {
    String verdict = open(difference, planned);
    if (verdict.isEmpty()) {
      Estimate d = difference.orElseThrow();
      verdict = d.low() > -margin ? "supported" : d.high() < -margin ? "contradicted" : "not shown";
    }
    return new Claim(statement, metric, difference, Double.NaN, verdict);
  }

  private static String open(Optional<Estimate> difference, int planned) {
    int there = difference.map(Estimate::replicates).orElse(0);
    if (there < planned) {
      return "open: " + there + " of " + planned + " replicates";
    }
    return planned < 2 ? "open: one replicate has no interval" : "";
  }

  /** A row of a table: statement, difference, interval, adjusted p, verdict. */
  public List<String> row() {
    String none = "–";
    return List.of(
        statement,
        difference.map(Estimate::signed).orElse(none),
        Double.isNaN(adjusted) || difference.map(d -> Double.isNaN(d.p())).orElse(true)
            ? none
            : adjusted < 0.001 ? "< 0.001" : String.format(Locale.ROOT, "%.3f", adjusted),
        verdict);
  }

  /** The head of that table. */
  public static List<String> header() {
    return List.of("claim", "T3D − CLIP", "p (Holm)", "verdict");
  }
}
