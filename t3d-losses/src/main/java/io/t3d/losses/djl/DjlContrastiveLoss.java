package io.t3d.losses.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.training.loss.Loss;
import io.t3d.losses.ContrastiveLoss;
import java.util.List;

/**
 * {@link ContrastiveLoss} as a loss of DJL, for a block of one's own that gives
 *
 * <pre>{@code
 * imageEmbeddings (B, E), textEmbeddings (B, E), logitScale ()
 * }</pre>
 *
 * <p>Embeddings are L2-normalised float32; {@code LogitScale} makes the scalar. The only label is
 * {@code patients (B)}, int64: pairs with the same number are no negatives of each other. It may be
 * left out, but {@code EasyTrain.trainBatch} wants a label.
 *
 * <pre>{@code
 * Model model = Model.newInstance("towers");
 * model.setBlock(towers);
 * try (Trainer trainer = model.newTrainer(new DefaultTrainingConfig(new DjlContrastiveLoss()))) {
 *   trainer.initialize(imageShape, textShape);
 *   for (Batch batch : trainer.iterateDataset(pairs)) {
 *     EasyTrain.trainBatch(trainer, batch);
 *     trainer.step();
 *     batch.close();
 *   }
 * }
 * }</pre>
 *
 * <p>On several devices DJL computes a loss of each device's pairs: others are not their negatives.
 */
public final class DjlContrastiveLoss extends Loss {
  private final ContrastiveLoss loss;

  /** Without label smoothing. */
  public DjlContrastiveLoss() {
    this(0);
  }

  /**
   * With label smoothing.
   *
   * @param labelSmoothing see {@link ContrastiveLoss#ContrastiveLoss(double)}
   */
  public DjlContrastiveLoss(double labelSmoothing) {
    super("ContrastiveLoss");
    loss = new ContrastiveLoss(labelSmoothing);
  }

  /**
   * Computes the loss of a batch.
   *
   * @param labels {@code patients (B)}, int64, or nothing
   * @param predictions image embeddings, text embeddings, logit scale
   * @return scalar, float32
   * @throws IllegalArgumentException when arrays are missing, or shapes or dtypes differ
   */
  @Override
  public NDArray evaluate(NDList labels, NDList predictions) {
    DjlLabels.requirePredictions(
        predictions,
        predictions.size() == 3,
        "imageEmbeddings (B, E), textEmbeddings (B, E) and logitScale ()");
    NDArray image = predictions.get(0);
    List<String> patients = DjlLabels.patients(labels, 0, (int) image.getShape().get(0));
    return loss.compute(image, predictions.get(1), predictions.get(2), patients);
  }
}
