package io.t3d.core.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import io.t3d.core.model.T3DModel;
import io.t3d.core.nn.internal.RunningStatistics;
import io.t3d.core.tensor.Scalars;
import io.t3d.core.text.ReportSentences;
import io.t3d.core.torch.distributed.ProcessGroup;
import io.t3d.core.train.internal.GradientSums;
import io.t3d.core.train.internal.Ranks;
import io.t3d.core.train.optim.AdamW;
import io.t3d.core.train.optim.Gradients;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

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
  private final Ranks ranks;

  /**
   * Wires a step of one worker.
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
    this(model, objective, optimizer, config, ProcessGroup.single());
  }

  /**
   * Wires a step that several workers make together. The batches of each are its part of the whole
   * batch, of as many pairs; the step is that of one worker with the whole batch.
   *
   * @param group all workers; model and optimizer must have the same values in all
   * @throws io.t3d.core.T3dException when arrays of the model's device do not travel between them
   */
  public TrainingStep(
      T3DModel model,
      BatchObjective objective,
      AdamW optimizer,
      TrainingConfig config,
      ProcessGroup group) {
    group.requireDevice(model.device());
    this.model = model;
    this.objective = objective;
    this.ofParts = ofParts(objective, config);
    this.optimizer = optimizer;
    this.config = config;
    this.ranks = new Ranks(group, config.syncBatchNorm());
    this.pass = new ModelPass(model, config, ranks);
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
   * @param gradNorm before clipping; NaN when the loss was not finite
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
    try (NDManager scope = model.manager().newSubManager()) {
      RunningStatistics before = RunningStatistics.copy(scope, model.parameters());
      before.add(scope, objective.parameters());
      Losses losses = new Losses(scope, count, ranks, objective instanceof Objective);
      GradientSums sums = new GradientSums(scope, optimizer.trained(), model.device().isGpu());
      int pairs = 0;
      for (int i = 0; i < count; i++) {
        PairBatch batch = batches.next();
        pairs += batch.size() * ranks.group().size();
        forwardBackward(batch, seed(config.seed(), step, i), losses);
        if (count > 1) {
          sums.take();
        }
      }
      sums.put();
      // Each worker has the whole gradient of what a loss of all features learns.
      boolean alike = objective instanceof Objective;
      ranks.sumGradients(
          scope, optimizer.trained(), alike ? objective.parameters().values() : List.of());
      AdamW.Guarded update =
          optimizer.guardedStep(
              scope, learningRate, config.clipNorm(), Optional.of(losses.total()));
      Result result = losses.read(update, pairs); // the only wait for the device
      optimizer.settle(result.finite());
      if (!result.finite()) {
        before.restore();
      }
      ranks.meanStatistics(scope, learning(model.parameters()));
      return result;
    } finally {
      Gradients.free(optimizer.trained());
    }
  }

  /** Without frozen encoders: a mean of equal statistics need not be equal to them in all bits. */
  private Map<String, Parameter> learning(Map<String, Parameter> all) {
    Map<String, Parameter> out = new LinkedHashMap<>(all);
    Stream.of("vision", "text")
        .filter(model::isFrozen)
        .forEach(encoder -> out.keySet().removeIf(name -> name.startsWith(encoder + ".")));
    return out;
  }

  /**
   * The batches, of which on a GPU the views of the next one are copied there while the model works
   * on this one.
   *
   * @param batches used by another thread from now on; closed with the result
   */
  PairSource.Batches ahead(PairSource.Batches batches) {
    boolean whole = config.microBatch() == 0; // else parts of batches are what is copied
    return model.device().isGpu() && whole ? pass.ahead(batches) : batches;
  }

  private void forwardBackward(PairBatch batch, int seed, Losses losses) {
    Ranks.Pairs all =
        ranks.all(new Ranks.Pairs(batch.reports(), batch.fullReports(), batch.patientIds()));
    Optional<ReportSentences> sentences =
        objective.sentences().draw(all.fullReports(), all.reports(), ~seed);
    if (ofParts.isPresent() && config.microBatch() < batch.size()) {
      new GradCache(model, pass, config.microBatch())
          .run(
              batch,
              sentences,
              seed,
              output -> losses.share(ofParts.get().compute(output, all.patientIds())));
    } else if (ranks.several() && objective instanceof Objective ofOutputs) {
      GradCache.runAtOnce(
          pass,
          batch,
          sentences,
          seed,
          output -> losses.share(ofOutputs.compute(output, all.patientIds())));
    } else {
      pass.run(
          batch,
          ranks.own(sentences, batch.size()),
          seed,
          (forward, views) ->
              Optional.of(
                  ranks.share(
                      losses.share(objective.compute(forward, views, batch.patientIds())))));
    }
  }

  /** Mixes seed, step and batch (SplitMix64's finaliser), so that a step does not need the last. */
  public static int seed(long seed, int step, int batch) {
    long z = seed + 0x9E3779B97F4A7C15L * (((long) step << 16) + batch + 1);
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return (int) ((z ^ (z >>> 31)) >>> 33); // not negative
  }

  /** The losses of a step's batches and their parts, kept on the device until one copy has all. */
  private static final class Losses {
    private final NDManager scope;
    private final int count;
    private final Ranks ranks;
    private final boolean ofWholeBatches;
    private final List<Set<String>> names = new ArrayList<>();
    private final NDList rows = new NDList(); // of each batch: the loss, then its parts

    Losses(NDManager scope, int count, Ranks ranks, boolean ofWholeBatches) {
      this.scope = scope;
      this.count = count;
      this.ranks = ranks;
      this.ofWholeBatches = ofWholeBatches;
    }

    /** Adds a batch; gives its share of the step's loss. */
    NDArray share(LossTerms terms) {
      NDList row = new NDList(scalar("total", terms.total()));
      terms.parts().forEach((name, part) -> row.add(scalar(name, part)));
      NDArray values = ranks.agreed(NDArrays.concat(row), !ofWholeBatches);
      values.attach(scope);
      rows.add(values);
      names.add(terms.parts().keySet());
      return count == 1 ? terms.total() : Scalars.divide(terms.total(), count);
    }

    /** {@code (1)} of an array that holds one number, without its graph. */
    private static NDArray scalar(String name, NDArray array) {
      if (array.size() != 1) {
        throw new IllegalArgumentException(
            "The objective's " + name + " must be a scalar, got shape " + array.getShape());
      }
      return array.stopGradient().reshape(1);
    }

    /** {@code (1)}: the sum of the batches' losses. */
    NDArray total() {
      return rows.stream().map(row -> row.get("0:1")).reduce(NDArray::add).orElseThrow();
    }

    /** Waits for the device: one copy of all that the step has to tell. */
    Result read(AdamW.Guarded update, int pairs) {
      NDList all = new NDList(rows);
      all.add(update.norm());
      all.add(update.leftOut());
      float[] values = NDArrays.concat(all).toFloatArray();
      double loss = 0;
      Map<String, Double> parts = new LinkedHashMap<>();
      int at = 0;
      for (Set<String> batch : names) {
        loss += (double) values[at++] / count;
        for (String name : batch) {
          parts.merge(name, (double) values[at++] / count, Double::sum);
        }
      }
      double norm = values[at];
      boolean leftOut = values[at + 1] != 0;
      boolean byNorm = Double.isFinite(loss) && !Double.isFinite(norm);
      return new Result(loss, parts, leftOut && !byNorm ? Double.NaN : norm, pairs);
    }
  }
}
