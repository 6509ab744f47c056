package io.t3d.core.task.classify;

import io.t3d.core.task.internal.Logistic;

/**
 * The logistic loss of one label over standardised features, with its gradient. The point is {@code
 * (w, b)}, D + 1 numbers; the bias is not regularised.
 *
 * @param features {@code [n][D]}, samples whose label is known
 * @param positive n flags
 * @param positiveWeight of each positive's loss
 * @param l2 λ of {@code λ/2 · |w|²}
 */
record ProbeLoss(float[][] features, boolean[] positive, double positiveWeight, double l2)
    implements Lbfgs.Smooth {
  @Override
  public double value(double[] x, double[] gradient) {
    int d = x.length - 1;
    double sum = 0;
    gradient[d] = 0;
    for (int j = 0; j < d; j++) {
      gradient[j] = l2 * x[j];
      sum += l2 / 2 * x[j] * x[j];
    }
    for (int i = 0; i < positive.length; i++) {
      float[] row = features[i];
      double logit = logit(x, row);
      double weight = positive[i] ? positiveWeight : 1;
      sum += weight * softplus(positive[i] ? -logit : logit);
      double slope = weight * (Logistic.of(logit) - (positive[i] ? 1 : 0));
      for (int j = 0; j < d; j++) {
        gradient[j] += slope * row[j];
      }
      gradient[d] += slope;
    }
    return sum;
  }

  /** The mean loss per unit of weight, without the penalty. */
  double mean(double[] x) {
    double sum = 0;
    double weights = 0;
    for (int i = 0; i < positive.length; i++) {
      double logit = logit(x, features[i]);
      double weight = positive[i] ? positiveWeight : 1;
      sum += weight * softplus(positive[i] ? -logit : logit);
      weights += weight;
    }
    return sum / weights;
  }

  /** {@code w·row + b}. */
  static double logit(double[] x, float[] row) {
    double sum = x[row.length];
    for (int j = 0; j < row.length; j++) {
      sum += x[j] * row[j];
    }
    return sum;
  }

  /** {@code log(1 + exp(x))} without overflow. */
  private static double softplus(double x) {
    return Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
  }
}
