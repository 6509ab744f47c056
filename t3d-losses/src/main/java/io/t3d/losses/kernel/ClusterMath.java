package io.t3d.losses.kernel;

import ai.djl.ndarray.NDArray;
import io.t3d.core.tensor.Scalars;
import io.t3d.core.torch.Casts;

/** What assigning and predicting prototypes have in common. */
final class ClusterMath {
  // Below float32's smallest share; keeps p · log p at 0 where a prototype is not used.
  private static final float TINY = 1e-30f;

  private ClusterMath() {}

  /**
   * Cosines, times the prototypes' length; gradients flow.
   *
   * @param features {@code (N, E)}
   * @param prototypes {@code (E, K)}
   */
  static NDArray similarities(NDArray features, NDArray prototypes) {
    return Casts.toFloat32(features.normalize(2, 1).matMul(prototypes)); // (N, K)
  }

  /** Σ p · log p, 0 where p is. */
  static NDArray negativeEntropy(NDArray p) {
    return p.mul(Scalars.atLeast(p, TINY).log()).sum();
  }

  /** exp of the entropy of shares {@code (K)}: how many prototypes are in use. */
  static NDArray usage(NDArray share) {
    return negativeEntropy(share).neg().exp();
  }
}
