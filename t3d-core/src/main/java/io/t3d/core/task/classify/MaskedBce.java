package io.t3d.core.task.classify;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import io.t3d.core.eval.LabelMatrix;

/**
 * Binary cross-entropy of logits over the labels that are known.
 *
 * <pre>{@code
 * mean over known (i, j) of  c_j·y·log(1 + exp(-x)) + (1 - y)·log(1 + exp(x))
 * }</pre>
 *
 * <p>As PyTorch's {@code BCEWithLogitsLoss(pos_weight=c)}, whose mean is over all entries. Softplus
 * does not overflow. The division by the number of known labels is part of the weights, which are
 * arrays that libtorch owns.
 *
 * @param positiveWeights c, one per label
 */
record MaskedBce(double[] positiveWeights) {
  /** Equal weights, or those that balance the classes of the training labels. */
  static MaskedBce of(LabelMatrix labels, boolean weighted, double most) {
    double[] c = new double[labels.names().size()];
    for (int j = 0; j < c.length; j++) {
      c[j] = weighted ? labels.positiveWeight(j, most) : 1;
    }
    return new MaskedBce(c);
  }

  /**
   * The loss of a batch.
   *
   * @param scope owns it
   * @param logits {@code (B, L)}, float32
   * @param targets {@code [B][L]}: 1, 0 or NaN
   * @return a scalar; 0 when nothing is known
   */
  NDArray compute(NDManager scope, NDArray logits, double[][] targets) {
    int known = known(targets);
    int labels = positiveWeights.length;
    float[] yes = new float[targets.length * labels];
    float[] no = new float[yes.length];
    for (int i = 0; i < targets.length; i++) {
      for (int j = 0; j < labels; j++) {
        double y = targets[i][j];
        if (!Double.isNaN(y)) {
          yes[i * labels + j] = (float) (positiveWeights[j] * y / known);
          no[i * labels + j] = (float) ((1 - y) / known);
        }
      }
    }
    Shape shape = new Shape(targets.length, labels);
    NDArray ofYes = Activation.softPlus(logits.neg()).mul(scope.create(yes, shape)); // (B, L)
    NDArray ofNo = Activation.softPlus(logits).mul(scope.create(no, shape)); // (B, L)
    return ofYes.add(ofNo).sum();
  }

  /** How many labels of a batch are known. */
  static int known(double[][] targets) {
    int known = 0;
    for (double[] row : targets) {
      for (double y : row) {
        known += Double.isNaN(y) ? 0 : 1;
      }
    }
    return known;
  }
}
