package io.t3d.core.torch;

import ai.djl.ndarray.NDArray;
import io.t3d.core.config.Checks;
import java.util.Collection;

/** Operations on all gradients of a step at once. */
public final class Gradients {
  private Gradients() {}

  /**
   * Scales gradients in place so that the norm of all together is at most {@code maxNorm}, as
   * PyTorch's {@code clip_grad_norm_}: one factor for all, {@code maxNorm / norm}, never above 1.
   *
   * <p>When the norm is NaN or infinite the gradients stay as they are: skip the step then.
   *
   * @param gradients from {@code parameter.getArray().getGradient()}, floating point
   * @param maxNorm the largest norm allowed; &gt; 0
   * @return the L2 norm of before
   */
  public static double clipByNorm(Collection<NDArray> gradients, double maxNorm) {
    Checks.positive("maxNorm", maxNorm);
    double norm = norm(gradients);
    if (norm > maxNorm && Double.isFinite(norm)) {
      double factor = maxNorm / norm;
      gradients.forEach(gradient -> gradient.muli(factor));
    }
    return norm;
  }

  /** The L2 norm of all gradients together, summed in double. */
  public static double norm(Collection<NDArray> gradients) {
    double squares = 0;
    for (NDArray gradient : gradients) {
      try (NDArray norm = gradient.norm()) {
        double value = norm.getFloat();
        squares += value * value;
      }
    }
    return Math.sqrt(squares);
  }
}
