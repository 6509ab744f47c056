package io.t3d.losses.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.t3d.core.config.Checks;
import io.t3d.core.tensor.Scalars;
import io.t3d.core.tensor.Shapes;
import io.t3d.losses.internal.BatchArrays;

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
 * <p>Differs from the paper: where the similarities' spread over epsilon is small enough for
 * float32, the two scaling vectors are updated instead of the matrix ({@link MatrixBalance}); else,
 * in the log domain, scaling the columns is a log-softmax down the samples and scaling the rows one
 * along the prototypes. Both equal the paper's form, but are free of overflow for any epsilon.
 *
 * <p>With fewer samples than prototypes (N &lt; K) the equal shares force every row to spread over
 * about K/N prototypes: still defined, but a weak target. Then choose a smaller K or rely on
 * tokens.
 *
 * @param epsilon entropy of the assignment; smaller is harder
 * @param iterations how often columns, then rows are scaled
 */
public record Sinkhorn(double epsilon, int iterations) {
  /** Checks that both are &gt; 0. */
  public Sinkhorn {
    Checks.positive("Sinkhorn.epsilon", epsilon);
    Checks.positive("Sinkhorn.iterations", iterations);
  }

  /** SwAV's settings: epsilon 0.05, 3 iterations. */
  public static Sinkhorn defaults() {
    return new Sinkhorn(0.05, 3);
  }

  /**
   * Assigns samples to prototypes.
   *
   * @param similarities {@code (N, K)}, float32, cosines
   * @return {@code (N, K)}, float32, rows sum to 1; carries no gradient
   * @throws IllegalArgumentException when the shape or dtype differs
   */
  public NDArray assign(NDArray similarities) {
    Shapes.check("similarities", similarities, "N, K", "one row per sample", -1, -1);
    BatchArrays.requireFloat32("similarities", similarities);
    return MatrixBalance.tryBalance(similarities, epsilon, iterations)
        .orElseGet(() -> inTheLogDomain(similarities));
  }

  /** For any epsilon and on every platform, at about a tenth of the speed. */
  NDArray inTheLogDomain(NDArray similarities) {
    NDManager manager = similarities.getManager();
    // Of 2 · iterations arrays as large as the input, only the last outlives this call.
    try (NDManager scope = manager.newSubManager()) {
      NDArray detached = similarities.stopGradient();
      detached.attach(scope);
      NDArray logQ = Scalars.divide(detached, epsilon);
      for (int i = 0; i < iterations; i++) {
        logQ = logQ.logSoftmax(0).logSoftmax(1); // (N, K)
      }
      NDArray assignments = logQ.exp();
      assignments.attach(manager);
      return assignments;
    }
  }
}
