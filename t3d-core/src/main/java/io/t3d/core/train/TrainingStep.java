package io.t3d.core.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.t3d.core.model.T3DModel;
import io.t3d.core.nn.internal.RunningStatistics;
import io.t3d.core.tensor.Scalars;
import io.t3d.core.text.ReportSentences;
import io.t3d.core.train.optim.AdamW;
import io.t3d.core.train.optim.Gradients;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * One optimizer step: forward and backward of its batches, clipping, the guard, the update. {@link
 * Pretrainer} adds epochs, checkpoints and logs.
 */
public final class TrainingStep {
  private final T3DModel model;
  private final BatchObjective objective;
  private final Optional<Objective> ofParts; // where batches go through the model in parts
  private final AdamW optimizer;
  private final TrainingConfig config;
  private final ModelPass pass;

  /**
   * Wires a step.
   *
   * @param model trained in place
   * @param objective what is minimised
   * @param optimizer of the model's parameters
   * @param config precision, clipping, seed
   * @throws IllegalArgumentException when {@link TrainingConfig#microBatch} is set for what is no
   *     {@link Objective}
   */
  public TrainingStep(
      T3DModel model, BatchObjective objective, AdamW optimizer, TrainingConfig config) {
    this.model = model;
    this.objective = objective;
    this.ofParts = ofParts(objective, config);
    this.optimizer = optimizer;
    this.config = config;
    this.pass = new ModelPass(model, config);
  }

  /** The objective as one of joined outputs, where the settings split batches. */
  static Optional<Objective> ofParts(BatchObjective objective, TrainingConfig config) {
    if (config.microBatch() == 0) {
      return Optional.empty();
    }
    if (objective instanceof Objective ofOutputs) {
      return Optional.of(ofOutputs);
    }
    throw new IllegalArgumentException(
        "TrainingConfig.microBatch must be 0 for an objective that runs the model on views of its"
            + " own, as masked reconstruction does, got "
            + config.microBatch()
            + "; set training.accumulation instead");
  }

  /**
   * What a step found.
   *
   * @param loss mean over the batches
   * @param parts of the loss, likewise
   * @param gradNorm before clipping; NaN when a loss was not finite
   * @param pairs seen
   */
  public record Result(double loss, Map<String, Double> parts, double gradNorm, int pairs) {
    /** Whether the weights were updated. */
    public boolean finite() {
      return Double.isFinite(loss) && Double.isFinite(gradNorm);
    }
  }

  /**
   * Runs the step. When a loss or the gradient is not finite, weights, moments and running
   * statistics stay as they were.
   *
   * @param step from 0; with the seed, it decides what dropout drops
   * @param learningRate of this step
   * @param batches where they come from
   * @param count batches whose mean gradient makes the step
   */
  public Result run(int step, double learningRate, PairSource.Batches batches, int count) {
    Means means = new Means(count);
    double norm = Double.NaN;
    try (NDManager scope = model.manager().newSubManager()) {
      RunningStatistics before = RunningStatistics.copy(scope, model.parameters());
      before.add(scope, objective.parameters());
      boolean finite = true;
      for (int i = 0; i < count; i++) {
        PairBatch batch = batches.next();
        means.pairs += batch.size();
        finite = finite && forwardBackward(batch, seed(config.seed(), step, i), means);
      }
      if (finite) {
        norm = update(learningRate);
      }
      if (!Double.isFinite(norm)) {
        before.restore();
      }
    } finally {
      Gradients.free(optimizer.trained());
    }
    return new Result(means.loss, means.parts, norm, means.pairs);
  }

  private boolean forwardBackward(PairBatch batch, int seed, Means means) {
    Optional<ReportSentences> sentences =
        objective.sentences().draw(batch.fullReports(), batch.reports(), ~seed);
    if (ofParts.isPresent() && config.microBatch() < batch.size()) {
      return new GradCache(model, pass, config.microBatch())
          .run(
              batch,
              sentences,
              seed,
              output -> means.share(ofParts.get().compute(output, batch.patientIds())));
    }
    return pass.run(
        batch,
        sentences,
        seed,
        (forward, views) -> means.share(objective.compute(forward, views, batch.patientIds())));
  }

  private double update(double learningRate) {
    try (NDManager scope = model.manager().newSubManager()) {
      return optimizer.clippedStep(scope, learningRate, config.clipNorm());
    }
  }

  /** Mixes seed, step and batch (SplitMix64's finaliser), so that a step does not need the last. */
  public static int seed(long seed, int step, int batch) {
    long z = seed + 0x9E3779B97F4A7C15L * (((long) step << 16) + batch + 1);
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return (int) ((z ^ (z >>> 31)) >>> 33); // not negative
  }

  /** Means over the batches of the step. */
  private static final class Means {
    private final int count;
    private final Map<String, Double> parts = new LinkedHashMap<>();
    private double loss;
    private int pairs;

    Means(int count) {
      this.count = count;
    }

    /** Adds a batch; gives its share of the step's loss, or nothing when it is not finite. */
    Optional<NDArray> share(LossTerms terms) {
      return add(terms) ? Optional.of(Scalars.divide(terms.total(), count)) : Optional.empty();
    }

    private boolean add(LossTerms terms) {
      double value = scalar("total", terms.total());
      loss += value / count;
      terms
          .parts()
          .forEach((name, part) -> parts.merge(name, scalar(name, part) / count, Double::sum));
      return Double.isFinite(value);
    }

    private static double scalar(String name, NDArray array) {
      if (array.size() != 1) {
        throw new IllegalArgumentException(
            "The objective's " + name + " must be a scalar, got shape " + array.getShape());
      }
      return array.toFloatArray()[0];
    }
  }
}
