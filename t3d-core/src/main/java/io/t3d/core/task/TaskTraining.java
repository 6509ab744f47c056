package io.t3d.core.task;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.t3d.core.config.internal.OldForm;
import io.t3d.core.internal.Checks;
import io.t3d.core.train.TrainingConfig.Precision;
import io.t3d.core.train.optim.AdamW;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;

/**
 * How the network of a task is trained: schedule, optimizer, precision and seed. In YAML, missing
 * keys take {@link #defaults()}.
 *
 * @param learningRate peak of the schedule
 * @param minLearningRate floor of the schedule
 * @param warmupFraction share of all steps that warm up, in [0, 1]
 * @param weightDecay decoupled; see {@link AdamW} for what is exempt
 * @param beta1 decay of the gradient's mean
 * @param beta2 decay of the gradient's square
 * @param epsilon added to the denominator
 * @param clipNorm largest global norm of the gradient; 0 switches clipping off
 * @param precision of matrix products and convolutions; weights stay float32
 * @param seed of order and dropout
 * @param maxBadSteps steps in a row without a finite loss and gradient after which training stops
 */
@OldForm(TaskTraining.SettingsOfPretraining.class)
public record TaskTraining(
    double learningRate,
    double minLearningRate,
    double warmupFraction,
    double weightDecay,
    double beta1,
    double beta2,
    double epsilon,
    double clipNorm,
    Precision precision,
    long seed,
    int maxBadSteps) {
  /** Checks ranges. */
  public TaskTraining {
    Checks.positive("TaskTraining.learningRate", learningRate);
    Checks.inRange("TaskTraining.minLearningRate", minLearningRate, 0, learningRate);
    Checks.inRange("TaskTraining.warmupFraction", warmupFraction, 0, 1);
    Checks.inRange("TaskTraining.weightDecay", weightDecay, 0, 1);
    Checks.inRange("TaskTraining.beta1", beta1, 0, Math.nextDown(1.0));
    Checks.inRange("TaskTraining.beta2", beta2, 0, Math.nextDown(1.0));
    Checks.positive("TaskTraining.epsilon", epsilon);
    Checks.inRange("TaskTraining.clipNorm", clipNorm, 0, Double.MAX_VALUE);
    Objects.requireNonNull(precision, "TaskTraining.precision");
    Checks.positive("TaskTraining.maxBadSteps", maxBadSteps);
  }

  /** CLIP's optimizer settings (Radford et al. 2021), at a learning rate for small batches. */
  public static TaskTraining defaults() {
    return builder().build();
  }

  /** A builder that holds the defaults. */
  public static Builder builder() {
    return new Builder();
  }

  /** A builder that holds these settings. */
  public Builder toBuilder() {
    return new Builder(this);
  }

  /** The same settings with another seed. */
  public TaskTraining withSeed(long newSeed) {
    return toBuilder().seed(newSeed).build();
  }

  /** Sets what differs from the defaults, or from the settings that it was made of. */
  public static final class Builder {
    private double learningRate = 3e-4;
    private double minLearningRate = 1e-6;
    private double warmupFraction = 0.1;
    private double weightDecay = 0.05;
    private double beta1 = 0.9;
    private double beta2 = 0.98;
    private double epsilon = 1e-6;
    private double clipNorm = 1.0;
    private Precision precision = Precision.FLOAT32;
    private long seed = 42;
    private int maxBadSteps = 10;

    private Builder() {}

    private Builder(TaskTraining from) {
      learningRate = from.learningRate;
      minLearningRate = from.minLearningRate;
      warmupFraction = from.warmupFraction;
      weightDecay = from.weightDecay;
      beta1 = from.beta1;
      beta2 = from.beta2;
      epsilon = from.epsilon;
      clipNorm = from.clipNorm;
      precision = from.precision;
      seed = from.seed;
      maxBadSteps = from.maxBadSteps;
    }

    /** See {@link TaskTraining#learningRate()}. */
    public Builder learningRate(double value) {
      learningRate = value;
      return this;
    }

    /** See {@link TaskTraining#minLearningRate()}. */
    public Builder minLearningRate(double value) {
      minLearningRate = value;
      return this;
    }

    /** See {@link TaskTraining#warmupFraction()}. */
    public Builder warmupFraction(double value) {
      warmupFraction = value;
      return this;
    }

    /** See {@link TaskTraining#weightDecay()}. */
    public Builder weightDecay(double value) {
      weightDecay = value;
      return this;
    }

    /** See {@link TaskTraining#beta1()} and {@link TaskTraining#beta2()}. */
    public Builder betas(double first, double second) {
      beta1 = first;
      beta2 = second;
      return this;
    }

    /** See {@link TaskTraining#epsilon()}. */
    public Builder epsilon(double value) {
      epsilon = value;
      return this;
    }

    /** See {@link TaskTraining#clipNorm()}. */
    public Builder clipNorm(double value) {
      clipNorm = value;
      return this;
    }

    /** See {@link TaskTraining#precision()}. */
    public Builder precision(Precision value) {
      precision = value;
      return this;
    }

    /** See {@link TaskTraining#seed()}. */
    public Builder seed(long value) {
      seed = value;
      return this;
    }

    /** See {@link TaskTraining#maxBadSteps()}. */
    public Builder maxBadSteps(int value) {
      maxBadSteps = value;
      return this;
    }

    /** Checks and builds. */
    public TaskTraining build() {
      return new TaskTraining(
          learningRate,
          minLearningRate,
          warmupFraction,
          weightDecay,
          beta1,
          beta2,
          epsilon,
          clipNorm,
          precision,
          seed,
          maxBadSteps);
    }
  }

  /**
   * Until 0.1 tasks took the settings of pre-training, of which they used these alone. The others
   * go where they said nothing; where they did, they are unknown keys.
   */
  static final class SettingsOfPretraining implements Consumer<ObjectNode> {
    private static final Map<String, Double> SAID_NOTHING =
        Map.of(
            "microBatch", 0.0,
            "emaDecay", 0.0,
            "textLayerDecay", 1.0,
            "visionLayerDecay", 1.0,
            "accumulation", 1.0);

    private static final Map<String, Boolean> ON_OR_OFF =
        Map.of(
            "checkpointActivations",
            false,
            "tf32",
            true,
            "deterministic",
            false,
            "syncBatchNorm",
            false);

    @Override
    public void accept(ObjectNode settings) {
      SAID_NOTHING.forEach(
          (key, value) -> {
            if (settings.path(key).isNumber() && settings.path(key).doubleValue() == value) {
              settings.remove(key);
            }
          });
      ON_OR_OFF.forEach(
          (key, value) -> {
            if (settings.path(key).isBoolean() && settings.path(key).booleanValue() == value) {
              settings.remove(key);
            }
          });
      // Checkpoints and epochs were not a task's to have: these keys never did anything.
      settings.remove(List.of("epochs", "checkpointEverySteps", "keepEveryEpochs"));
    }
  }
}
