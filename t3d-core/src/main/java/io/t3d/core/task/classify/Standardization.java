package io.t3d.core.task.classify;

/**
 * Features to mean 0 and deviation 1, as scikit-learn's {@code StandardScaler}: a constant feature
 * becomes 0.
 *
 * @param mean {@code [D]}
 * @param deviation {@code [D]}, &gt; 0
 */
record Standardization(double[] mean, double[] deviation) {
  static Standardization none(int width) {
    double[] ones = new double[width];
    java.util.Arrays.fill(ones, 1);
    return new Standardization(new double[width], ones);
  }

  static Standardization of(float[][] rows) {
    int width = rows[0].length;
    double[] mean = new double[width];
    double[] deviation = new double[width];
    for (float[] row : rows) {
      for (int j = 0; j < width; j++) {
        mean[j] += row[j] / (double) rows.length;
      }
    }
    for (float[] row : rows) {
      for (int j = 0; j < width; j++) {
        double d = row[j] - mean[j];
        deviation[j] += d * d / rows.length;
      }
    }
    for (int j = 0; j < width; j++) {
      double d = Math.sqrt(deviation[j]);
      // What float32 cannot tell from a constant is one.
      deviation[j] = d > 1e-7 * Math.abs(mean[j]) ? d : 1;
    }
    return new Standardization(mean, deviation);
  }

  float[][] apply(float[][] rows) {
    float[][] out = new float[rows.length][mean.length];
    for (int i = 0; i < rows.length; i++) {
      for (int j = 0; j < mean.length; j++) {
        out[i][j] = (float) ((rows[i][j] - mean[j]) / deviation[j]);
      }
    }
    return out;
  }

  /** The weights for features as they come. */
  double[] unscaledWeight(double[] point) {
    double[] w = new double[mean.length];
    for (int j = 0; j < w.length; j++) {
      w[j] = point[j] / deviation[j];
    }
    return w;
  }

  /** The bias for features as they come. */
  double unscaledBias(double[] point) {
    double b = point[mean.length];
    for (int j = 0; j < mean.length; j++) {
      b -= point[j] * mean[j] / deviation[j];
    }
    return b;
  }
}
