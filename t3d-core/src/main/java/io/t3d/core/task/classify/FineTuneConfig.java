package io.t3d.core.task.classify;

import io.t3d.core.internal.Checks;
import io.t3d.core.train.TrainingConfig;
import java.util.Objects;

/**
 * Settings of {@link FineTuner}.
 *
 * @param training epochs, learning rate of the head and its schedule, weight decay, precision, seed
 *     of order, dropout and the head's start
 * @param batchSize volumes per step
 * @param encoderRate the encoder's learning rate as a share of the head's, in [0, 1]; 0 leaves the
 *     encoder's weights as they are
 * @param classWeighting whether positives weigh negatives / positives of the training labels
 * @param maxPositiveWeight bound of that weight
 * @param patience epochs without a better validation loss after which training stops
 */
public record FineTuneConfig(
    TrainingConfig training,
    int batchSize,
    double encoderRate,
    boolean classWeighting,
    double maxPositiveWeight,
    int patience) {
  /** Checks ranges. */
  public FineTuneConfig {
    Objects.requireNonNull(training, "FineTuneConfig.training");
    Checks.positive("FineTuneConfig.batchSize", batchSize);
    Checks.inRange("FineTuneConfig.encoderRate", encoderRate, 0, 1);
    Checks.inRange("FineTuneConfig.maxPositiveWeight", maxPositiveWeight, 1, Double.MAX_VALUE);
    Checks.positive("FineTuneConfig.patience", patience);
  }

  /** For a pre-trained encoder: it learns at a tenth of the head's rate. */
  public static FineTuneConfig pretrained() {
    return new FineTuneConfig(training(20, 42), 8, 0.1, true, 20, 5);
  }

  /** For an encoder with random weights: it learns as fast as the head. */
  public static FineTuneConfig fromScratch() {
    return new FineTuneConfig(training(20, 42), 8, 1, true, 20, 5);
  }

  /** The same with other epochs and another seed. */
  public FineTuneConfig with(int epochs, long seed) {
    return withTraining(training(epochs, seed));
  }

  /** The same with other settings of the optimizer. */
  public FineTuneConfig withTraining(TrainingConfig newTraining) {
    return new FineTuneConfig(
        newTraining, batchSize, encoderRate, classWeighting, maxPositiveWeight, patience);
  }

  private static TrainingConfig training(int epochs, long seed) {
    return TrainingConfig.builder()
        .epochs(epochs)
        .learningRate(1e-3)
        .weightDecay(0.01)
        .seed(seed)
        .build();
  }
}
