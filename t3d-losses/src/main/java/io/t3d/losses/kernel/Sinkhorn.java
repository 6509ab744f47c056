package io.t3d.losses.kernel;

import ai.djl.ndarray.NDArray;
import io.t3d.core.torch.TorchBridge;

/**
 * Sinkhorn–Knopp: turns similarities to prototypes into soft assignments that use all prototypes
 * about equally, so that clustering cannot collapse onto one.
 *
 * <pre>{@code
 * Q = diag(u) · exp(similarity / epsilon) · diag(v),  rows sum to 1, columns to about N/K
 * }</pre>
 *
 * <p>Caron et al., 2020, <a href="https://arxiv.org/abs/2006.09882">Unsupervised Learning of Visual
 * Features by Contrasting Cluster Assignments</a>, eq. 3–5 and listing 1; Cuturi, 2013.
 *
 * <p>Two forms give the same assignments. {@link #plain}, the reference, works in the log domain:
 * scaling the columns is a log-softmax down the samples, scaling the rows one along the prototypes.
 * {@link #fused} takes one exponential and updates the two scaling vectors instead of the matrix,
 * ten times as fast. Both differ from the paper's listing in that no epsilon makes them overflow.
 *
 * <p>With fewer samples than prototypes (N &lt; K) the equal shares force every row to spread over
 * about K/N prototypes: still defined, but a weak target. Then choose a smaller K or rely on
 * tokens.
 */
public sealed interface Sinkhorn permits PlainSinkhorn, FusedSinkhorn {
  /**
   * Assigns samples to prototypes.
   *
   * @param similarities {@code (N, K)}, float32, cosines
   * @return {@code (N, K)}, float32, rows sum to 1; carries no gradient; owned by the manager of
   *     similarities
   * @throws IllegalArgumentException when the shape or dtype differs
   */
  NDArray assign(NDArray similarities);

  /**
   * The reference, in plain DJL.
   *
   * @param epsilon entropy of the assignment; smaller is harder; &gt; 0
   * @param iterations how often columns, then rows are scaled; &gt; 0
   */
  static Sinkhorn plain(double epsilon, int iterations) {
    return new PlainSinkhorn(epsilon, iterations);
  }

  /**
   * With one exponential where the similarities' spread over epsilon is small enough for float32,
   * else as {@link #plain}.
   *
   * @param epsilon entropy of the assignment; smaller is harder; &gt; 0
   * @param iterations how often columns, then rows are scaled; &gt; 0
   * @throws UnsupportedOperationException without the {@linkplain TorchBridge bridge}
   */
  static Sinkhorn fused(double epsilon, int iterations) {
    return new FusedSinkhorn(epsilon, iterations);
  }

  /** The fused form where the {@linkplain TorchBridge bridge} is there, else the plain one. */
  static Sinkhorn best(double epsilon, int iterations) {
    return TorchBridge.available() ? fused(epsilon, iterations) : plain(epsilon, iterations);
  }

  /** The best form with SwAV's settings: epsilon 0.05, 3 iterations. */
  static Sinkhorn defaults() {
    return best(0.05, 3);
  }
}
