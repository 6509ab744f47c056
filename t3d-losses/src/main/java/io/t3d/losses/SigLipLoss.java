package io.t3d.losses;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Activation;
import io.t3d.core.internal.Shapes;
import io.t3d.core.tensor.Scalars;
import io.t3d.core.torch.Casts;
import io.t3d.losses.internal.BatchArrays;
import io.t3d.losses.internal.Patients;
import java.util.List;

/**
 * Sigmoid loss: every pair of a volume and a report is a binary question of its own.
 *
 * <pre>{@code
 * s(i, j) = exp(logitScale) · v(i)·w(j) + bias,   z(i, j) = 1 if i = j, else -1
 * L = 1/B Σ(i, j) softplus( -z(i, j) s(i, j) )
 * }</pre>
 *
 * <p>Zhai et al., 2023, <a href="https://arxiv.org/abs/2303.15343">Sigmoid Loss for Language Image
 * Pre-Training</a>, eq. 1 and algorithm 1.
 *
 * <p>Differs from the paper: pairs of one patient are no negatives of each other, they add nothing.
 */
public final class SigLipLoss {
  /**
   * The loss of a batch.
   *
   * @param imageEmbeddings {@code (B, E)}, L2-normalised, float32
   * @param textEmbeddings {@code (B, E)}, L2-normalised, float32; row i belongs to image i
   * @param logitScale scalar, log inverse temperature; {@code exp()} is taken here
   * @param bias scalar, added to all logits
   * @param patientIds B ids, compared with {@code equals}
   * @return scalar, float32, differentiable in the first four
   * @throws IllegalArgumentException when shapes, dtypes or the number of ids differ
   */
  public NDArray compute(
      NDArray imageEmbeddings,
      NDArray textEmbeddings,
      NDArray logitScale,
      NDArray bias,
      List<String> patientIds) {
    Shapes.check("imageEmbeddings", imageEmbeddings, "B, E", "give one row per pair", -1, -1);
    Shapes.check(
        "textEmbeddings",
        textEmbeddings,
        "B, E",
        "it must be as large as imageEmbeddings: one row per pair",
        imageEmbeddings.getShape().get(0),
        imageEmbeddings.getShape().get(1));
    BatchArrays.requireFloat32("imageEmbeddings", imageEmbeddings);
    BatchArrays.requireFloat32("textEmbeddings", textEmbeddings);
    int b = (int) imageEmbeddings.getShape().get(0);
    Patients.requireOnePerPair(patientIds, b);
    NDArray scale = BatchArrays.borrow(imageEmbeddings, logitScale).exp(); // (1)
    NDArray cosines = Casts.toFloat32(imageEmbeddings.matMul(textEmbeddings.transpose())); // (B, B)
    NDArray logits = cosines.mul(scale).add(BatchArrays.borrow(imageEmbeddings, bias)); // (B, B)
    NDArray questions = Activation.softPlus(logits.mul(signs(logits, b))); // (B, B)
    NDArray asked = questions.mul(Patients.allowed(logits, patientIds));
    return Scalars.divide(asked.sum(), b);
  }

  /** {@code -z}: -1 on the diagonal, 1 elsewhere. */
  private static NDArray signs(NDArray like, int b) {
    float[] signs = new float[b * b];
    for (int i = 0; i < b; i++) {
      for (int j = 0; j < b; j++) {
        signs[i * b + j] = i == j ? -1 : 1;
      }
    }
    return BatchArrays.of(like, signs, b, b);
  }
}
