package io.t3d.core.train;

import ai.djl.Device;
import io.t3d.core.config.LoraConfig;
import io.t3d.core.config.internal.LeftOutWhenEmpty;
import io.t3d.core.internal.Checks;
import io.t3d.core.torch.Autocast;
import io.t3d.core.torch.TorchEngine;
import io.t3d.core.train.optim.AdamW;
import io.t3d.core.train.optim.LayerDecay;
import io.t3d.core.train.optim.LrSchedule;
import io.t3d.core.train.validate.EarlyStopping;
import io.t3d.core.train.validate.ValidationConfig;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.function.Supplier;

/**
 * Settings of a pre-training run. In YAML, missing keys take {@link #defaults()}.
 *
 * @param epochs passes over the data
 * @param accumulation batches whose mean gradient makes one step. Losses that compare the pairs of
 *     a batch (contrastive, TMA) do not see across batches: accumulation does not add negatives
 * @param learningRate peak of the schedule
 * @param minLearningRate floor of the schedule
 * @param warmupFraction share of all steps that warm up, in [0, 1]
 * @param weightDecay decoupled; see {@link AdamW} for what is exempt
 * @param beta1 decay of the gradient's mean
 * @param beta2 decay of the gradient's square
 * @param epsilon added to the denominator
 * @param clipNorm largest global norm of the gradient; 0 switches clipping off
 * @param precision of matrix products and convolutions; weights stay float32
 * @param seed of dropout; the data and the model have their own
 * @param checkpointEverySteps steps between checkpoints, beside those after every epoch; 0 saves
 *     after every epoch only, {@link #AT_END_ONLY} (−1) when the run ends or a listener stops it,
 *     and where keepEveryEpochs asks for one
 * @param maxBadSteps steps in a row without a finite loss and gradient after which the run stops
 * @param microBatch pairs that go through the model at once ({@link GradCache}): the loss still
 *     sees the whole batch, the memory is that of so few pairs, and the model runs forward twice; 0
 *     for all at once. A batch norm then sees the micro-batch alone
 * @param checkpointActivations whether a stage's inside is computed again in the backward pass
 *     instead of being kept: less memory, about a third more time
 * @param emaDecay decay of an exponential moving average of the weights, in [0, 1); 0 for none. A
 *     checkpoint then opens with the averaged weights ({@link Checkpoint}), which vary less than
 *     the last step's; 0.999 remembers about a thousand steps. Costs one more copy of the weights
 * @param textLayerDecay factor of the learning rate from each layer of the text encoder to the one
 *     below, in (0, 1]; 1 for one rate. See {@link LayerDecay}; meant for pretrained weights
 * @param visionLayerDecay the same for the vision encoder
 * @param keepEveryEpochs after every so many epochs the checkpoint is kept for good, as {@code
 *     OUT/checkpoints/epoch-NNNN} ({@link Checkpoint}); 0 keeps the newest checkpoint only
 * @param tf32 whether convolutions of float32 on a GPU may use TF32, as in PyTorch by default
 *     ({@link TorchEngine#tf32}); nothing on a CPU
 * @param deterministic whether libtorch is to use algorithms that give the same bits each time
 *     ({@link TorchEngine#deterministic}); on a GPU that costs time
 * @param syncBatchNorm whether batch norms take their statistics from the batches of all workers of
 *     a run; costs two calls between them for each batch norm. Nothing with one worker
 * @param lora low-rank pairs that are learned in the place of encoders' weights; meant for
 *     pretrained ones. A checkpoint holds weights and pairs; what opens it has their sum
 * @param frozen encoders that do not learn, nor update running statistics, nor have dropout, nor
 *     get low-rank pairs
 * @param validation when the model is scored on other pairs; never when left out. Costs a forward
 *     pass of those pairs each time and changes no weight, so a run may be resumed with another
 * @param earlyStopping when training ends for want of better validations, and the best one's
 *     checkpoint is kept; never when left out. A run may be resumed with another
 */
public record TrainingConfig(
    int epochs,
    int accumulation,
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
    int checkpointEverySteps,
    int maxBadSteps,
    int microBatch,
    boolean checkpointActivations,
    double emaDecay,
    double textLayerDecay,
    double visionLayerDecay,
    int keepEveryEpochs,
    boolean tf32,
    boolean deterministic,
    boolean syncBatchNorm,
    @LeftOutWhenEmpty Optional<LoraConfig> lora,
    @LeftOutWhenEmpty List<Part> frozen,
    @LeftOutWhenEmpty Optional<ValidationConfig> validation,
    @LeftOutWhenEmpty Optional<EarlyStopping> earlyStopping) {
  /** As {@link #checkpointEverySteps}: one when the run ends or a listener stops it. */
  public static final int AT_END_ONLY = -1;

  /** An encoder of the model. */
  public enum Part {
    /** The vision encoder. */
    VISION,
    /** The text encoder. */
    TEXT
  }

  /** Number format of the heavy operations. */
  public enum Precision {
    /** 32-bit floats throughout. */
    FLOAT32,
    /** Autocast: products and convolutions in bfloat16, the rest in float32. */
    BFLOAT16;

    /**
     * Runs a forward pass in this precision.
     *
     * @param device of its arrays
     */
    public <T> T run(Device device, Supplier<T> forward) {
      if (this == FLOAT32) {
        return forward.get();
      }
      try (Autocast autocast = Autocast.bfloat16(device)) {
        return forward.get();
      }
    }
  }

  /** Checks ranges. */
  public TrainingConfig {
    Checks.positive("TrainingConfig.epochs", epochs);
    Checks.positive("TrainingConfig.accumulation", accumulation);
    Checks.positive("TrainingConfig.learningRate", learningRate);
    Checks.inRange("TrainingConfig.minLearningRate", minLearningRate, 0, learningRate);
    Checks.inRange("TrainingConfig.warmupFraction", warmupFraction, 0, 1);
    Checks.inRange("TrainingConfig.weightDecay", weightDecay, 0, 1);
    Checks.inRange("TrainingConfig.beta1", beta1, 0, Math.nextDown(1.0));
    Checks.inRange("TrainingConfig.beta2", beta2, 0, Math.nextDown(1.0));
    Checks.positive("TrainingConfig.epsilon", epsilon);
    Checks.inRange("TrainingConfig.clipNorm", clipNorm, 0, Double.MAX_VALUE);
    Objects.requireNonNull(precision, "TrainingConfig.precision");
    Checks.inRange("TrainingConfig.checkpointEverySteps", checkpointEverySteps, AT_END_ONLY, 1e9);
    Checks.positive("TrainingConfig.maxBadSteps", maxBadSteps);
    Checks.inRange("TrainingConfig.microBatch", microBatch, 0, 1e6);
    Checks.inRange("TrainingConfig.emaDecay", emaDecay, 0, Math.nextDown(1.0));
    Checks.inRange("TrainingConfig.textLayerDecay", textLayerDecay, Double.MIN_VALUE, 1);
    Checks.inRange("TrainingConfig.visionLayerDecay", visionLayerDecay, Double.MIN_VALUE, 1);
    Checks.inRange("TrainingConfig.keepEveryEpochs", keepEveryEpochs, 0, 1e6);
    Objects.requireNonNull(lora, "TrainingConfig.lora");
    frozen = List.copyOf(frozen);
    Objects.requireNonNull(validation, "TrainingConfig.validation");
    Objects.requireNonNull(earlyStopping, "TrainingConfig.earlyStopping");
    if (earlyStopping.isPresent() && validation.isEmpty()) {
      throw new IllegalArgumentException(
          "TrainingConfig.earlyStopping needs scores, but TrainingConfig.validation is left out;"
              + " set it, e.g. to {everyEpochs: 1}");
    }
  }

  /** CLIP's optimizer settings (Radford et al. 2021), at a learning rate for small batches. */
  public static TrainingConfig defaults() {
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
  public TrainingConfig withSeed(long newSeed) {
    return toBuilder().seed(newSeed).build();
  }

  /** The same settings without what only watches a training. */
  TrainingConfig unwatched() {
    Builder builder = toBuilder();
    builder.validation = Optional.empty();
    builder.earlyStopping = Optional.empty();
    return builder.build();
  }

  /** What {@link AdamW} needs. */
  public AdamW.Settings optimizer() {
    return new AdamW.Settings(beta1, beta2, epsilon, weightDecay);
  }

  /** The schedule over a number of steps. */
  public LrSchedule schedule(int totalSteps) {
    int warmup = (int) Math.round(warmupFraction * totalSteps);
    return new LrSchedule(learningRate, minLearningRate, warmup, totalSteps);
  }

  /** Sets what differs from the defaults, or from the settings that it was made of. */
  public static final class Builder {
    private int epochs = 10;
    private int accumulation = 1;
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
    private int checkpointEverySteps;
    private int maxBadSteps = 10;
    private int microBatch;
    private boolean checkpointActivations;
    private double emaDecay;
    private double textLayerDecay = 1;
    private double visionLayerDecay = 1;
    private int keepEveryEpochs;
    private boolean tf32 = true;
    private boolean deterministic;
    private boolean syncBatchNorm;
    private Optional<LoraConfig> lora = Optional.empty();
    private List<Part> frozen = List.of();
    private Optional<ValidationConfig> validation = Optional.empty();
    private Optional<EarlyStopping> earlyStopping = Optional.empty();

    private Builder() {}

    private Builder(TrainingConfig from) {
      epochs = from.epochs;
      accumulation = from.accumulation;
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
      checkpointEverySteps = from.checkpointEverySteps;
      maxBadSteps = from.maxBadSteps;
      microBatch = from.microBatch;
      checkpointActivations = from.checkpointActivations;
      emaDecay = from.emaDecay;
      textLayerDecay = from.textLayerDecay;
      visionLayerDecay = from.visionLayerDecay;
      keepEveryEpochs = from.keepEveryEpochs;
      tf32 = from.tf32;
      deterministic = from.deterministic;
      syncBatchNorm = from.syncBatchNorm;
      lora = from.lora;
      frozen = from.frozen;
      validation = from.validation;
      earlyStopping = from.earlyStopping;
    }

    /** See {@link TrainingConfig#epochs()}. */
    public Builder epochs(int value) {
      epochs = value;
      return this;
    }

    /** See {@link TrainingConfig#accumulation()}. */
    public Builder accumulation(int value) {
      accumulation = value;
      return this;
    }

    /** See {@link TrainingConfig#learningRate()}. */
    public Builder learningRate(double value) {
      learningRate = value;
      return this;
    }

    /** See {@link TrainingConfig#minLearningRate()}. */
    public Builder minLearningRate(double value) {
      minLearningRate = value;
      return this;
    }

    /** See {@link TrainingConfig#warmupFraction()}. */
    public Builder warmupFraction(double value) {
      warmupFraction = value;
      return this;
    }

    /** See {@link TrainingConfig#weightDecay()}. */
    public Builder weightDecay(double value) {
      weightDecay = value;
      return this;
    }

    /** See {@link TrainingConfig#beta1()} and {@link TrainingConfig#beta2()}. */
    public Builder betas(double first, double second) {
      beta1 = first;
      beta2 = second;
      return this;
    }

    /** See {@link TrainingConfig#epsilon()}. */
    public Builder epsilon(double value) {
      epsilon = value;
      return this;
    }

    /** See {@link TrainingConfig#clipNorm()}. */
    public Builder clipNorm(double value) {
      clipNorm = value;
      return this;
    }

    /** See {@link TrainingConfig#precision()}. */
    public Builder precision(Precision value) {
      precision = value;
      return this;
    }

    /** See {@link TrainingConfig#seed()}. */
    public Builder seed(long value) {
      seed = value;
      return this;
    }

    /** See {@link TrainingConfig#checkpointEverySteps()}. */
    public Builder checkpointEverySteps(int value) {
      checkpointEverySteps = value;
      return this;
    }

    /** See {@link TrainingConfig#maxBadSteps()}. */
    public Builder maxBadSteps(int value) {
      maxBadSteps = value;
      return this;
    }

    /** See {@link TrainingConfig#microBatch()}. */
    public Builder microBatch(int value) {
      microBatch = value;
      return this;
    }

    /** See {@link TrainingConfig#checkpointActivations()}. */
    public Builder checkpointActivations(boolean value) {
      checkpointActivations = value;
      return this;
    }

    /** See {@link TrainingConfig#emaDecay()}. */
    public Builder emaDecay(double value) {
      emaDecay = value;
      return this;
    }

    /** See {@link TrainingConfig#textLayerDecay()}. */
    public Builder textLayerDecay(double value) {
      textLayerDecay = value;
      return this;
    }

    /** See {@link TrainingConfig#visionLayerDecay()}. */
    public Builder visionLayerDecay(double value) {
      visionLayerDecay = value;
      return this;
    }

    /** See {@link TrainingConfig#keepEveryEpochs()}. */
    public Builder keepEveryEpochs(int value) {
      keepEveryEpochs = value;
      return this;
    }

    /** See {@link TrainingConfig#tf32()}. */
    public Builder tf32(boolean value) {
      tf32 = value;
      return this;
    }

    /** See {@link TrainingConfig#deterministic()}. */
    public Builder deterministic(boolean value) {
      deterministic = value;
      return this;
    }

    /** See {@link TrainingConfig#syncBatchNorm()}. */
    public Builder syncBatchNorm(boolean value) {
      syncBatchNorm = value;
      return this;
    }

    /** See {@link TrainingConfig#lora()}. */
    public Builder lora(LoraConfig value) {
      lora = Optional.of(value);
      return this;
    }

    /** See {@link TrainingConfig#frozen()}. */
    public Builder frozen(Part... value) {
      frozen = List.of(value);
      return this;
    }

    /** See {@link TrainingConfig#validation()}. */
    public Builder validation(ValidationConfig value) {
      validation = Optional.of(value);
      return this;
    }

    /** See {@link TrainingConfig#earlyStopping()}. */
    public Builder earlyStopping(EarlyStopping value) {
      earlyStopping = Optional.of(value);
      return this;
    }

    /** Checks and builds. */
    public TrainingConfig build() {
      return new TrainingConfig(
          epochs,
          accumulation,
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
          checkpointEverySteps,
          maxBadSteps,
          microBatch,
          checkpointActivations,
          emaDecay,
          textLayerDecay,
          visionLayerDecay,
          keepEveryEpochs,
          tf32,
          deterministic,
          syncBatchNorm,
          lora,
          frozen,
          validation,
          earlyStopping);
    }
  }
}
