package io.t3d.core.task.report;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import com.google.common.primitives.Ints;
import io.t3d.core.internal.Checks;
import io.t3d.core.internal.Scopes;
import io.t3d.core.model.T3DModel;
import io.t3d.core.nn.StateDict;
import io.t3d.core.nn.VisionEncoder.VisualTokens;
import io.t3d.core.task.TaskTraining;
import io.t3d.core.task.internal.Shuffles;
import io.t3d.core.task.internal.training.TaskTrainer;
import io.t3d.core.tensor.Scalars;
import io.t3d.core.text.TokenBatch;
import io.t3d.core.torch.Casts;
import io.t3d.core.torch.internal.NoGrad;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.DoubleConsumer;
import java.util.stream.IntStream;

/**
 * Trains a report generator by teacher forcing: the cross-entropy of each token given those before
 * it, averaged over all tokens of the batch that are not padding.
 *
 * <p>The encoder stays frozen unless asked for; then {@link T3DModel#save} it together with the
 * generator.
 */
public final class ReportTrainer implements AutoCloseable {
  private final ReportGenerator generator;
  private final TaskTrainer trainer;
  private final boolean encoder;

  /**
   * Prepares training.
   *
   * @param generator whose decoder learns
   * @param config how it learns
   * @param totalSteps length of the schedule
   * @param encoder whether the vision encoder learns too, unless the model has frozen it; needs
   *     steps on volumes
   */
  public ReportTrainer(
      ReportGenerator generator, TaskTraining config, int totalSteps, boolean encoder) {
    this.generator = generator;
    this.encoder = encoder;
    Map<String, Parameter> learned = new LinkedHashMap<>();
    generator.parameters().forEach((name, p) -> learned.put("decoder." + name, p));
    if (encoder) {
      StateDict.of(generator.model().vision())
          .forEach((name, p) -> learned.put("vision." + name, p));
    }
    trainer = new TaskTrainer(generator.manager(), learned, config, totalSteps);
  }

  /**
   * What a training came to.
   *
   * @param steps batches
   * @param firstLoss mean over the first epoch
   * @param lastLoss mean over the last epoch
   */
  public record Summary(int steps, double firstLoss, double lastLoss) {}

  /**
   * Trains the decoder over a frozen encoder.
   *
   * @param generator whose decoder learns
   * @param visual what {@link ReportGenerator#encode} saw in n volumes
   * @param reports their n reports
   * @param epochs passes over the pairs
   * @param batchSize pairs per step; the last batch of an epoch may be smaller
   * @param config how it learns
   * @param onStep is told the loss of each step
   * @throws IllegalArgumentException when there is not one report per volume
   */
  public static Summary fit(
      ReportGenerator generator,
      VisualTokens visual,
      List<String> reports,
      int epochs,
      int batchSize,
      TaskTraining config,
      DoubleConsumer onStep) {
    Checks.positive("epochs", epochs);
    Checks.positive("batchSize", batchSize);
    if (reports.isEmpty() || visual.tokens().getShape().get(0) != reports.size()) {
      throw new IllegalArgumentException(
          "reports must hold one text per volume ("
              + visual.tokens().getShape().get(0)
              + "), got "
              + reports.size());
    }
    int perEpoch = (reports.size() + batchSize - 1) / batchSize;
    SplittableRandom random = new SplittableRandom(config.seed());
    double[] means = new double[epochs];
    try (ReportTrainer trainer = new ReportTrainer(generator, config, perEpoch * epochs, false)) {
      for (int epoch = 0; epoch < epochs; epoch++) {
        int[] order = IntStream.range(0, reports.size()).toArray();
        Shuffles.shuffle(Ints.asList(order), random);
        for (int from = 0; from < order.length; from += batchSize) {
          int[] some =
              IntStream.range(from, Math.min(order.length, from + batchSize))
                  .map(i -> order[i])
                  .toArray();
          double loss = trainer.step(visual, reports, some);
          means[epoch] += loss / perEpoch;
          onStep.accept(loss);
        }
      }
    }
    return new Summary(perEpoch * epochs, means[0], means[means.length - 1]);
  }

  private double step(VisualTokens all, List<String> reports, int[] rows) {
    try (NDManager scope = generator.manager().newSubManager()) {
      NDArray wanted = scope.create(rows).toType(DataType.INT64, false);
      NDArray some = Scopes.handle(all.tokens(), scope).get(wanted); // (b, N, C)
      VisualTokens visual = new VisualTokens(some, all.depth(), all.height(), all.width());
      return step(visual, IntStream.of(rows).mapToObj(reports::get).toList());
    }
  }

  /**
   * One step of the decoder on what a frozen encoder saw.
   *
   * @param visual B rows
   * @param reports B texts, none blank
   * @return the loss, nats per token
   * @throws IllegalArgumentException when the encoder is to learn too: see the other {@code step}
   */
  public double step(VisualTokens visual, List<String> reports) {
    if (encoder) {
      throw new IllegalArgumentException(
          "The encoder is to learn too: give steps the volumes, not what it saw in them");
    }
    return trainer.step(scope -> loss(scope, visual, reports, true));
  }

  /**
   * One step on volumes; the encoder learns too when the trainer was made so.
   *
   * @param volumes {@code (B, 1, D, H, W)}, float32
   * @param reports B texts, none blank
   * @return the loss, nats per token
   */
  public double step(NDArray volumes, List<String> reports) {
    if (!encoder) {
      try (NDManager scope = generator.manager().newSubManager()) {
        return step(generator.encode(scope, volumes), reports);
      }
    }
    return trainer.step(
        scope -> {
          NDArray mine = Scopes.handle(volumes, scope);
          ParameterStore parameters = new ParameterStore(scope, false);
          VisualTokens[] seen = new VisualTokens[1];
          trainer.inPrecision(
              () -> {
                seen[0] = generator.model().encodeVision(parameters, mine, true);
                return seen[0].tokens();
              });
          return loss(scope, seen[0], reports, true);
        });
  }

  /**
   * The loss without a step, for validation.
   *
   * @param visual B rows
   * @param reports B texts, none blank
   * @return nats per token; its exponential is the perplexity
   */
  public static double loss(ReportGenerator generator, VisualTokens visual, List<String> reports) {
    try (NoGrad constant = new NoGrad();
        NDManager scope = generator.manager().newSubManager()) {
      TokenBatch tokens = generator.model().tokenizer().encode(scope, reports);
      NDArray inputs = tokens.tokenIds().get(":, :-1");
      NDArray logits =
          generator.decoder().logits(new ParameterStore(scope, false), inputs, visual, false);
      return crossEntropy(logits, tokens).toFloatArray()[0];
    }
  }

  private NDArray loss(
      NDManager scope, VisualTokens visual, List<String> reports, boolean training) {
    TokenBatch tokens = generator.model().tokenizer().encode(scope, reports);
    NDArray inputs = tokens.tokenIds().get(":, :-1"); // (B, L - 1): the end predicts nothing
    NDArray logits =
        trainer.inPrecision(
            () ->
                generator
                    .decoder()
                    .logits(new ParameterStore(scope, false), inputs, visual, training));
    return crossEntropy(Casts.toFloat32(logits), tokens);
  }

  /** Mean over tokens that are not padding of {@code -log softmax(logits)[next token]}. */
  static NDArray crossEntropy(NDArray logits, TokenBatch tokens) {
    NDArray targets = tokens.tokenIds().get(":, 1:").expandDims(2); // (B, L - 1, 1)
    NDArray weights = tokens.attentionMask().get(":, 1:").toType(DataType.FLOAT32, false);
    NDArray logP = logits.logSoftmax(2).gather(targets, 2).squeeze(2); // (B, L - 1)
    NDArray count = Scalars.atLeast(weights.sum(), 1);
    return logP.mul(weights).sum().div(count).neg();
  }

  @Override
  public void close() {
    trainer.close();
  }
}
