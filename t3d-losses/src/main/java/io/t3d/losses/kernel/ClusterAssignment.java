package io.t3d.losses.kernel;

import ai.djl.ndarray.NDArray;
import io.t3d.core.torch.TorchBridge;
import java.util.List;

/**
 * Soft assignments of features to prototypes: {@link Sinkhorn} of their cosines.
 *
 * <pre>{@code
 * Q = Sinkhorn( norm(x)·cᵀ / epsilon )
 * }</pre>
 *
 * <p>Two forms give the same assignments: {@link #plain}, the reference, one step after the other;
 * {@link #fused} in blocks of rows, without ever storing the cosines of all.
 */
public sealed interface ClusterAssignment permits PlainAssignment, FusedAssignment {
  /**
   * What came out; carries no gradient.
   *
   * @param assignments {@code (N, K)} per part of the features, float32, rows sum to 1
   * @param usage scalar: the effective number of prototypes that are some feature's nearest, exp of
   *     the entropy of how often each is. The assignments cannot tell: their mean is uniform by
   *     construction, even when all features are the same
   */
  record Assigned(List<NDArray> assignments, NDArray usage) {
    /** Copies the list. */
    public Assigned {
      assignments = List.copyOf(assignments);
    }
  }

  /**
   * Assigns all parts together: more samples make better balanced clusters.
   *
   * @param features one or more of {@code (N, E)}, float32, of any scale
   * @param prototypes {@code (K, E)}, float32, L2-normalised rows
   * @return owned by the manager of the first features
   * @throws IllegalArgumentException when a shape or dtype differs
   */
  Assigned assign(List<NDArray> features, NDArray prototypes);

  /**
   * The reference, in plain DJL.
   *
   * @param epsilon of {@link Sinkhorn#plain}
   * @param iterations of {@link Sinkhorn#plain}
   */
  static ClusterAssignment plain(double epsilon, int iterations) {
    return new PlainAssignment(Sinkhorn.plain(epsilon, iterations));
  }

  /**
   * In blocks where float32 holds all exponentials, else one step after the other with {@link
   * Sinkhorn#fused}.
   *
   * @param epsilon of {@link Sinkhorn#fused}
   * @param iterations of {@link Sinkhorn#fused}
   * @throws UnsupportedOperationException without the {@linkplain TorchBridge bridge}
   */
  static ClusterAssignment fused(double epsilon, int iterations) {
    return new FusedAssignment(epsilon, iterations);
  }

  /** The fused form where the {@linkplain TorchBridge bridge} is there, else the plain one. */
  static ClusterAssignment best(double epsilon, int iterations) {
    return TorchBridge.available() ? fused(epsilon, iterations) : plain(epsilon, iterations);
  }
}
