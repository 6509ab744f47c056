package io.t3d.core.task.classify;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.t3d.core.config.LoraConfig;
import io.t3d.core.config.internal.LeftOutWhenEmpty;
import io.t3d.core.config.internal.OldForm;
import io.t3d.core.internal.Checks;
import io.t3d.core.task.TaskTraining;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Settings of {@link FineTuner}.
 *
 * @param training learning rate of the head and its schedule, weight decay, precision, seed of
 *     order, dropout and the head's start
 * @param epochs passes over the volumes
 * @param batchSize volumes per step
 * @param encoderRate the encoder's learning rate as a share of the head's, in [0, 1]; 0 leaves the
 *     encoder's weights as they are
 * @param classWeighting whether positives weigh negatives / positives of the training labels
 * @param maxPositiveWeight bound of that weight
 * @param patience epochs without a better validation loss after which training stops
 * @param lora low-rank pairs that the encoder learns in the place of its weights, at encoderRate;
 *     names of layers start with {@code vision.}. The classifier has their sum
 */
@OldForm(FineTuneConfig.EpochsOfTraining.class)
public record FineTuneConfig(
    TaskTraining training,
    int epochs,
    int batchSize,
    double encoderRate,
    boolean classWeighting,
    double maxPositiveWeight,
    int patience,
    @LeftOutWhenEmpty Optional<LoraConfig> lora) {
  /** Checks ranges. */
  public FineTuneConfig {
    Objects.requireNonNull(training, "FineTuneConfig.training");
    Checks.positive("FineTuneConfig.epochs", epochs);
    Checks.positive("FineTuneConfig.batchSize", batchSize);
    Checks.inRange("FineTuneConfig.encoderRate", encoderRate, 0, 1);
    Checks.inRange("FineTuneConfig.maxPositiveWeight", maxPositiveWeight, 1, Double.MAX_VALUE);
    Checks.positive("FineTuneConfig.patience", patience);
    if (lora.isPresent() && encoderRate == 0) {
      throw new IllegalArgumentException(
          "FineTuneConfig.encoderRate must be above 0 with lora, whose pairs learn at it; got 0");
    }
  }

  /** For a pre-trained encoder: it learns at a tenth of the head's rate. */
  public static FineTuneConfig pretrained() {
    return new Builder().encoderRate(0.1).build();
  }

  /**
   * For a pre-trained encoder whose weights stay: all linear layers learn low-rank pairs, at the
   * head's rate.
   */
  public static FineTuneConfig lowRank() {
    LoraConfig all = LoraConfig.defaults().withLayers("vision.*");
    return new Builder().lora(Optional.of(all)).build();
  }

  /** For an encoder with random weights: it learns as fast as the head. */
  public static FineTuneConfig fromScratch() {
    return new Builder().build();
  }

  /** A builder that holds these settings. */
  public Builder toBuilder() {
    return new Builder()
        .training(training)
        .epochs(epochs)
        .batchSize(batchSize)
        .encoderRate(encoderRate)
        .classWeighting(classWeighting)
        .maxPositiveWeight(maxPositiveWeight)
        .patience(patience)
        .lora(lora);
  }

  /** The same with other epochs and another seed. */
  public FineTuneConfig with(int newEpochs, long seed) {
    return toBuilder().epochs(newEpochs).training(training.withSeed(seed)).build();
  }

  /** Until 0.1 the epochs stood among the settings of training. */
  static final class EpochsOfTraining implements Consumer<ObjectNode> {
    @Override
    public void accept(ObjectNode settings) {
      JsonNode epochs = settings.path("training").path("epochs");
      if (!epochs.isMissingNode() && !settings.has("epochs")) {
        settings.set("epochs", epochs);
      }
    }
  }

  /** Sets what differs from {@link #fromScratch()}, or from the settings that it was made of. */
  public static final class Builder {
    private TaskTraining training =
        TaskTraining.builder().learningRate(1e-3).weightDecay(0.01).build();
    private int epochs = 20;
    private int batchSize = 8;
    private double encoderRate = 1;
    private boolean classWeighting = true;
    private double maxPositiveWeight = 20;
    private int patience = 5;
    private Optional<LoraConfig> lora = Optional.empty();

    private Builder() {}

    /** See {@link FineTuneConfig#training()}. */
    public Builder training(TaskTraining value) {
      training = value;
      return this;
    }

    /** See {@link FineTuneConfig#epochs()}. */
    public Builder epochs(int value) {
      epochs = value;
      return this;
    }

    /** See {@link FineTuneConfig#batchSize()}. */
    public Builder batchSize(int value) {
      batchSize = value;
      return this;
    }

    /** See {@link FineTuneConfig#encoderRate()}. */
    public Builder encoderRate(double value) {
      encoderRate = value;
      return this;
    }

    /** See {@link FineTuneConfig#classWeighting()}. */
    public Builder classWeighting(boolean value) {
      classWeighting = value;
      return this;
    }

    /** See {@link FineTuneConfig#maxPositiveWeight()}. */
    public Builder maxPositiveWeight(double value) {
      maxPositiveWeight = value;
      return this;
    }

    /** See {@link FineTuneConfig#patience()}. */
    public Builder patience(int value) {
      patience = value;
      return this;
    }

    /** See {@link FineTuneConfig#lora()}. */
    public Builder lora(Optional<LoraConfig> value) {
      lora = value;
      return this;
    }

    /** Checks and builds. */
    public FineTuneConfig build() {
      return new FineTuneConfig(
          training,
          epochs,
          batchSize,
          encoderRate,
          classWeighting,
          maxPositiveWeight,
          patience,
          lora);
    }
  }
}
