package io.t3d.losses;

import ai.djl.ndarray.NDArray;
import io.t3d.core.T3dException;
import io.t3d.core.internal.Checks;
import io.t3d.core.tensor.Scalars;
import io.t3d.core.torch.Casts;
import io.t3d.core.train.LossTerms;
import io.t3d.losses.internal.BatchArrays;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * VICReg: makes two views of a volume similar, while each embedding dimension varies over the batch
 * and the dimensions stay uncorrelated.
 *
 * <pre>{@code
 * L = invariance · mean (z - z')²
 *   + variance · mean(j) relu( 1 - √(Var z(j) + 1e-4) ) / 2, of both views
 *   + covariance · 1/F Σ(i ≠ j) Cov(z)(i, j)², of both views
 * }</pre>
 *
 * <p>Bardes et al., 2022, <a href="https://arxiv.org/abs/2105.04906">VICReg</a>, eq. 1–6; factors
 * as in algorithm 1 and the authors' code, which halve the variance terms of the two views.
 */
public final class VicRegLoss {
  private static final double EPSILON = 1e-4;

  private final double invarianceWeight;
  private final double varianceWeight;
  private final double covarianceWeight;

  /** With the paper's weights 25, 25 and 1. */
  public VicRegLoss() {
    this(25, 25, 1);
  }

  /**
   * With these weights.
   *
   * @param invariance of the distance between the views, &ge; 0
   * @param variance of the hinge on each column's standard deviation, &ge; 0
   * @param covariance of the squared covariances, &ge; 0
   */
  public VicRegLoss(double invariance, double variance, double covariance) {
    Checks.inRange("VicRegLoss.invariance", invariance, 0, 1e6);
    Checks.inRange("VicRegLoss.variance", variance, 0, 1e6);
    Checks.inRange("VicRegLoss.covariance", covariance, 0, 1e6);
    this.invarianceWeight = invariance;
    this.varianceWeight = variance;
    this.covarianceWeight = covariance;
  }

  /**
   * The loss of two views of B volumes.
   *
   * @param first {@code (B, F)}, float32, B ≥ 2
   * @param second {@code (B, F)}, float32; row i is of the same volume as row i of {@code first}
   * @return the scalar, differentiable in both; parts {@code invariance}, {@code variance} and
   *     {@code covariance} before weighting
   * @throws IllegalArgumentException when shapes or dtypes differ
   * @throws T3dException for a single pair
   */
  public LossTerms compute(NDArray first, NDArray second) {
    BatchArrays.requireSameRows("first", first, "second", second);
    if (first.getShape().get(0) < 2) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "VICReg needs at least 2 pairs for a variance over the batch, got 1; raise the batch"
              + " size");
    }
    NDArray invariance = first.sub(second).square().mean();
    NDArray a = first.sub(first.mean(new int[] {0}, true)); // (B, F)
    NDArray b = second.sub(second.mean(new int[] {0}, true)); // (B, F)
    NDArray variance = Scalars.divide(hinge(a).add(hinge(b)), 2);
    NDArray covariance = covariance(a).add(covariance(b));
    NDArray total =
        Scalars.multiply(invariance, invarianceWeight)
            .add(Scalars.multiply(variance, varianceWeight))
            .add(Scalars.multiply(covariance, covarianceWeight));
    Map<String, NDArray> parts = new LinkedHashMap<>();
    parts.put("invariance", invariance.stopGradient());
    parts.put("variance", variance.stopGradient());
    parts.put("covariance", covariance.stopGradient());
    return new LossTerms(total, parts);
  }

  private static NDArray hinge(NDArray centred) {
    NDArray variance =
        Scalars.divide(centred.square().sum(new int[] {0}), centred.getShape().get(0) - 1.0); // (F)
    NDArray deviation = Scalars.add(variance, EPSILON).sqrt();
    return Scalars.atLeast(Scalars.add(deviation.neg(), 1), 0).mean();
  }

  /** All squared covariances but those on the diagonal, over F. */
  private static NDArray covariance(NDArray centred) {
    long f = centred.getShape().get(1);
    NDArray product = Casts.toFloat32(centred.transpose().matMul(centred)); // (F, F)
    NDArray squares = Scalars.divide(product, centred.getShape().get(0) - 1.0).square(); // (F, F)
    NDArray diagonal = centred.getManager().eye((int) f).toDevice(centred.getDevice(), false);
    return Scalars.divide(squares.mul(Scalars.add(diagonal.neg(), 1)).sum(), f);
  }
}
