package io.t3d.cli.benchmark.measure;

import io.t3d.core.eval.BinaryMetrics;
import java.util.Arrays;
import java.util.OptionalDouble;

/**
 * Measures of place among volumes that all show a finding. Which tokens are likely to hold it says
 * nothing then: each position of the grid is judged by itself, or the mean over volumes is taken
 * off.
 */
public final class Places {
  private static final double RAREST = 0.1;

  private Places() {}

  /** Whether more of a finding lies in a token than if it were spread evenly. */
  public static boolean[] holds(double[] shares) {
    boolean[] out = new boolean[shares.length];
    for (int n = 0; n < out.length; n++) {
      out[n] = shares[n] > 1.0 / shares.length;
    }
    return out;
  }

  /**
   * AUROC of "is the finding in this token" for each position of the grid, and their mean.
   *
   * @param scores {@code [n][N]}
   * @param shares {@code [n][N]}: of the finding
   * @return the mean over positions that hold it in more than 10 and less than 90 % of the volumes;
   *     empty when there is none
   */
  public static OptionalDouble auroc(double[][] scores, double[][] shares) {
    double sum = 0;
    int counted = 0;
    for (int n = 0; scores.length > 0 && n < scores[0].length; n++) {
      int position = n;
      boolean[] truth = new boolean[scores.length];
      for (int i = 0; i < truth.length; i++) {
        truth[i] = holds(shares[i])[n];
      }
      double prevalence = share(truth);
      double[] here = Arrays.stream(scores).mapToDouble(row -> row[position]).toArray();
      OptionalDouble auroc = BinaryMetrics.auroc(truth, here);
      if (prevalence > RAREST && prevalence < 1 - RAREST && auroc.isPresent()) {
        sum += auroc.getAsDouble();
        counted++;
      }
    }
    return counted == 0 ? OptionalDouble.empty() : OptionalDouble.of(sum / counted);
  }

  private static double share(boolean[] truth) {
    int yes = 0;
    for (boolean t : truth) {
      yes += t ? 1 : 0;
    }
    return (double) yes / truth.length;
  }

  /**
   * The mean share of the finding in the token of the highest score.
   *
   * @param scores {@code [n][N]}, n at least 1
   * @param shares {@code [n][N]}: of the finding
   * @param priorRemoved whether each position's mean score over the volumes is taken off first
   */
  public static double pointing(double[][] scores, double[][] shares, boolean priorRemoved) {
    double[] prior = priorRemoved ? mean(scores) : new double[scores[0].length];
    double sum = 0;
    for (int i = 0; i < scores.length; i++) {
      int best = 0;
      for (int n = 1; n < prior.length; n++) {
        best = scores[i][n] - prior[n] > scores[i][best] - prior[best] ? n : best;
      }
      sum += shares[i][best];
    }
    return sum / scores.length;
  }

  /**
   * The same by position alone: always the token that holds most of the finding in other volumes.
   *
   * @param known {@code [m][N]}: shares in volumes of the training set, m at least 1
   * @param shares {@code [n][N]}: of the finding, n at least 1
   */
  public static double prior(double[][] known, double[][] shares) {
    double[] mean = mean(known);
    int best = 0;
    for (int n = 1; n < mean.length; n++) {
      best = mean[n] > mean[best] ? n : best;
    }
    int position = best;
    return Arrays.stream(shares).mapToDouble(row -> row[position]).average().orElseThrow();
  }

  private static double[] mean(double[][] rows) {
    double[] mean = new double[rows[0].length];
    for (double[] row : rows) {
      for (int n = 0; n < mean.length; n++) {
        mean[n] += row[n] / rows.length;
      }
    }
    return mean;
  }
}
