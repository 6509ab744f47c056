package io.t3d.cli.benchmark.measure;

import io.t3d.core.task.TextScores;

/**
 * How much better some texts fit volumes than others do, e.g. prompts that state a finding and such
 * that deny it.
 *
 * <pre>{@code
 * global(i) = cos(v(i), mean of q+) - cos(v(i), mean of q-)     as zero-shot classification by CLIP
 * pooled(i) = mean over + of pooled(i, t)  -  mean over - of pooled(i, t)
 * }</pre>
 *
 * @param global n values
 * @param pooled n values
 */
public record Margins(double[] global, double[] pooled) {
  /**
   * Takes texts for and against.
   *
   * @param scores of n volumes and T texts
   * @param texts {@code [T][E]}: the texts' embeddings, unit length
   * @param positive columns of the texts for
   * @param negative columns of the texts against
   */
  public static Margins of(TextScores scores, float[][] texts, int[] positive, int[] negative) {
    double up = norm(texts, positive);
    double down = norm(texts, negative);
    int n = scores.global().length;
    double[] global = new double[n];
    double[] pooled = new double[n];
    for (int i = 0; i < n; i++) {
      float[] g = scores.global()[i];
      // The cosine with a mean is the mean cosine over the mean's length.
      global[i] = mean(g, positive) / up - mean(g, negative) / down;
      float[] p = scores.pooled()[i];
      pooled[i] = mean(p, positive) - mean(p, negative);
    }
    return new Margins(global, pooled);
  }

  private static double mean(float[] row, int[] columns) {
    double sum = 0;
    for (int c : columns) {
      sum += row[c];
    }
    return sum / columns.length;
  }

  /** Length of the mean of some texts' embeddings. */
  private static double norm(float[][] texts, int[] rows) {
    double squares = 0;
    for (int e = 0; e < texts[0].length; e++) {
      double sum = 0;
      for (int r : rows) {
        sum += texts[r][e];
      }
      squares += (sum / rows.length) * (sum / rows.length);
    }
    return Math.max(Math.sqrt(squares), 1e-12);
  }
}
