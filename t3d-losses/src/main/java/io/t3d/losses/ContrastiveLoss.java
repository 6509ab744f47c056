package io.t3d.losses;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import io.t3d.core.internal.Checks;
import io.t3d.core.internal.Shapes;
import io.t3d.core.tensor.Scalars;
import io.t3d.core.torch.Casts;
import io.t3d.core.torch.TorchBridge;
import io.t3d.losses.internal.BatchArrays;
import io.t3d.losses.kernel.internal.Diagonal;
import io.t3d.losses.kernel.internal.PairAlignment;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;

/**
 * Symmetric InfoNCE between volumes and reports.
 *
 * <pre>{@code
 * s(i, j) = exp(logitScale) · v(i)·w(j)
 * L = - 1/2B Σ(i) [ log softmax(j) s(i, j) + log softmax(j) s(j, i) ]  at j = i
 * }</pre>
 *
 * <p>Radford et al., 2021, <a href="https://arxiv.org/abs/2103.00020">Learning Transferable Visual
 * Models From Natural Language Supervision</a>, figure 3; van den Oord et al., 2018, eq. 4.
 *
 * <p>Differs from the paper:
 *
 * <ul>
 *   <li>Pairs of one patient are no negatives of each other: follow-up scans have near-equal
 *       reports. They are left out of the denominators, in both directions.
 *   <li>Optional label smoothing over the allowed pairs.
 *   <li>The clamp of {@code logitScale} to log 100 is the model's business.
 * </ul>
 *
 * <pre>{@code
 * NDArray loss = new ContrastiveLoss().compute(imageEmbeddings, textEmbeddings, logitScale);
 * }</pre>
 *
 * <p>A batch of one pair has no negatives: its loss is 0.
 */
public final class ContrastiveLoss {
  // Far below any logit, yet finite: 0 · (-inf) in a smoothed target would be NaN.
  private static final float EXCLUDED = -1e9f;

  private final double labelSmoothing;

  /** Without label smoothing. */
  public ContrastiveLoss() {
    this(0);
  }

  /**
   * With label smoothing.
   *
   * @param labelSmoothing share of the target's mass spread over all allowed pairs, in [0, 1)
   */
  public ContrastiveLoss(double labelSmoothing) {
    Checks.inRange("labelSmoothing", labelSmoothing, 0, 0.999);
    this.labelSmoothing = labelSmoothing;
  }

  /**
   * The loss of a batch in which all other pairs are negatives.
   *
   * @param imageEmbeddings {@code (B, E)}, L2-normalised, float32
   * @param textEmbeddings {@code (B, E)}, L2-normalised, float32; row i belongs to image i
   * @param logitScale scalar, log inverse temperature; {@code exp()} is taken here
   * @return scalar, float32, differentiable in all three
   * @throws IllegalArgumentException when shapes or dtypes differ
   */
  public NDArray compute(NDArray imageEmbeddings, NDArray textEmbeddings, NDArray logitScale) {
    int b = check(imageEmbeddings, textEmbeddings, logitScale);
    return isFused()
        ? PairAlignment.loss(imageEmbeddings, textEmbeddings, logitScale, Optional.empty())
        : crossEntropy(logits(imageEmbeddings, textEmbeddings, logitScale), b, uniqueIds(b));
  }

  /**
   * The loss of a batch in which pairs of the same patient are not negatives of each other.
   *
   * @param imageEmbeddings {@code (B, E)}, L2-normalised, float32
   * @param textEmbeddings {@code (B, E)}, L2-normalised, float32; row i belongs to image i
   * @param logitScale scalar, log inverse temperature; {@code exp()} is taken here
   * @param patientIds B ids, compared with {@code equals}
   * @return scalar, float32, differentiable in the first three
   * @throws IllegalArgumentException when shapes, dtypes or the number of ids differ
   */
  public NDArray compute(
      NDArray imageEmbeddings,
      NDArray textEmbeddings,
      NDArray logitScale,
      List<String> patientIds) {
    int b = check(imageEmbeddings, textEmbeddings, logitScale);
    if (patientIds.size() != b) {
      throw new IllegalArgumentException(
          "patientIds must name the patient of each of the B = "
              + b
              + " pairs, got "
              + patientIds.size()
              + " ids");
    }
    Optional<NDArray> excluded =
        new HashSet<>(patientIds).size() < b
            ? Optional.of(exclusions(imageEmbeddings, patientIds))
            : Optional.empty();
    if (isFused()) {
      return PairAlignment.loss(imageEmbeddings, textEmbeddings, logitScale, excluded);
    }
    NDArray logits = logits(imageEmbeddings, textEmbeddings, logitScale);
    return crossEntropy(excluded.map(logits::add).orElse(logits), b, patientIds);
  }

  private boolean isFused() {
    return labelSmoothing == 0 && TorchBridge.available();
  }

  /** Checks shapes and dtypes; gives B. */
  private static int check(NDArray image, NDArray text, NDArray logitScale) {
    Shapes.check("imageEmbeddings", image, "B, E", "give one row per pair", -1, -1);
    Shapes.check(
        "textEmbeddings",
        text,
        "B, E",
        "it must be as large as imageEmbeddings: one row per pair, and both projected to"
            + " T3DConfig.embedDim",
        image.getShape().get(0),
        image.getShape().get(1));
    BatchArrays.requireFloat32("imageEmbeddings", image);
    BatchArrays.requireFloat32("textEmbeddings", text);
    if (logitScale.size() != 1) {
      throw new IllegalArgumentException(
          "logitScale must be a scalar, got " + Shapes.format(logitScale.getShape()));
    }
    return (int) image.getShape().get(0);
  }

  private static NDArray logits(NDArray image, NDArray text, NDArray logitScale) {
    NDArray scale = BatchArrays.borrow(image, logitScale).exp(); // (1)
    // Inside an autocast scope the product is bfloat16, whose softmax would end the JVM in DJL.
    NDArray cosines = image.matMul(text.transpose()); // (B, B)
    boolean half = cosines.getDataType() != DataType.FLOAT32;
    return (half ? Casts.toFloat32(cosines) : cosines).mul(scale); // (B, B)
  }

  /**
   * Both directions.
   *
   * @param b B
   * @param ids for label smoothing alone
   */
  private NDArray crossEntropy(NDArray logits, int b, List<String> ids) {
    NDArray imageToText = logits.logSoftmax(1);
    NDArray textToImage = logits.logSoftmax(0);
    NDArray fit;
    if (labelSmoothing == 0) {
      fit = Diagonal.of(imageToText.add(textToImage)).sum();
    } else {
      NDArray targets = smoothedTargets(logits, ids);
      fit = imageToText.mul(targets).sum().add(textToImage.mul(targets.transpose()).sum());
    }
    return Scalars.multiply(fit, -0.5 / b);
  }

  /** The target distribution of each row; {@code (B, B)}. */
  private NDArray smoothedTargets(NDArray logits, List<String> ids) {
    int b = ids.size();
    float[] target = new float[b * b];
    for (int i = 0; i < b; i++) {
      int row = i;
      long allowed = 1 + ids.stream().filter(id -> !id.equals(ids.get(row))).count();
      for (int j = 0; j < b; j++) {
        boolean smoothed = i == j || !ids.get(i).equals(ids.get(j));
        target[i * b + j] = smoothed ? (float) (labelSmoothing / allowed) : 0;
      }
      target[i * b + i] += (float) (1 - labelSmoothing);
    }
    return BatchArrays.of(logits, target, b, b);
  }

  /** A large negative number where two pairs share a patient, off the diagonal. */
  private static NDArray exclusions(NDArray batchArray, List<String> ids) {
    int b = ids.size();
    float[] bias = new float[b * b];
    for (int i = 0; i < b; i++) {
      for (int j = 0; j < b; j++) {
        bias[i * b + j] = i != j && ids.get(i).equals(ids.get(j)) ? EXCLUDED : 0;
      }
    }
    return BatchArrays.of(batchArray, bias, b, b);
  }

  private static List<String> uniqueIds(int b) {
    return IntStream.range(0, b).mapToObj(Integer::toString).toList();
  }
}
