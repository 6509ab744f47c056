package io.t3d.losses;

import ai.djl.ndarray.NDArray;
import io.t3d.core.internal.Checks;
import io.t3d.core.tensor.Scalars;
import io.t3d.core.torch.Casts;
import io.t3d.losses.internal.BatchArrays;
import io.t3d.losses.internal.Patients;
import java.util.List;

/**
 * Normalised temperature-scaled cross-entropy: among all views of the batch, a view must find the
 * other view of its volume.
 *
 * <pre>{@code
 * s(i, k) = cos(z(i), z(k)) / temperature
 * L = - 1/2B Σ(i) log softmax(k ≠ i) s(i, k)  at k = the other view of i
 * }</pre>
 *
 * <p>Chen et al., 2020, <a href="https://arxiv.org/abs/2002.05709">A Simple Framework for
 * Contrastive Learning of Visual Representations</a>, eq. 1 and algorithm 1.
 *
 * <p>Differs from the paper: views of one patient's other volumes are no negatives.
 */
public final class NtXentLoss {
  // Far below any logit, yet finite: 0 · (-inf) in the product with the targets would be NaN.
  private static final float EXCLUDED = -1e9f;

  private final double temperature;

  /**
   * With a temperature.
   *
   * @param temperature fixed divisor of cosines, &gt; 0
   */
  public NtXentLoss(double temperature) {
    Checks.positive("temperature", temperature);
    this.temperature = temperature;
  }

  /**
   * The loss of two views of B volumes.
   *
   * @param first {@code (B, F)}, float32, of any scale
   * @param second {@code (B, F)}, float32; row i is of the same volume as row i of {@code first}
   * @param patientIds B ids, compared with {@code equals}
   * @return scalar, float32, differentiable in both
   * @throws IllegalArgumentException when shapes, dtypes or the number of ids differ
   */
  public NDArray compute(NDArray first, NDArray second, List<String> patientIds) {
    BatchArrays.requireSameRows("first", first, "second", second);
    int b = (int) first.getShape().get(0);
    Patients.requireOnePerPair(patientIds, b);
    NDArray z = first.concat(second, 0).normalize(2, 1); // (2B, F)
    NDArray cosines = Casts.toFloat32(z.matMul(z.transpose())); // (2B, 2B)
    List<NDArray> tables =
        BatchArrays.tables(cosines, 2L * b, 2L * b, exclusions(patientIds), partners(b));
    NDArray logits = Scalars.divide(cosines, temperature).add(tables.get(0)); // (2B, 2B)
    NDArray found = logits.logSoftmax(1).mul(tables.get(1)).sum();
    return Scalars.divide(found, -2.0 * b);
  }

  private static float[] exclusions(List<String> ids) {
    int b = ids.size();
    float[] bias = new float[4 * b * b];
    for (int i = 0; i < 2 * b; i++) {
      for (int k = 0; k < 2 * b; k++) {
        boolean partner = i % b == k % b && i != k;
        boolean samePatient = ids.get(i % b).equals(ids.get(k % b));
        bias[i * 2 * b + k] = samePatient && !partner ? EXCLUDED : 0;
      }
    }
    return bias;
  }

  private static float[] partners(int b) {
    float[] target = new float[4 * b * b];
    for (int i = 0; i < 2 * b; i++) {
      target[i * 2 * b + (i + b) % (2 * b)] = 1;
    }
    return target;
  }
}
