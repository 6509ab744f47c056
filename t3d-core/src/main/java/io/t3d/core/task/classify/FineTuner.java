package io.t3d.core.task.classify;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import com.google.common.primitives.Ints;
import io.t3d.core.T3dException;
import io.t3d.core.eval.LabelMatrix;
import io.t3d.core.model.T3DModel;
import io.t3d.core.task.VolumeBatches;
import io.t3d.core.task.internal.Shuffles;
import io.t3d.core.task.internal.training.TaskTrainer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * Fine-tunes the whole vision encoder with a new linear head: binary cross-entropy over the known
 * labels. The encoder learns at a share of the head's rate, the plainest form of discriminative
 * fine-tuning (Howard and Ruder, 2018, <a href="https://arxiv.org/abs/1801.06146">ULMFiT</a>,
 * section 3.2). Training from scratch is the same with a model of random weights and {@link
 * FineTuneConfig#fromScratch()}.
 *
 * <pre>{@code
 * FineTuner tuner = new FineTuner(FineTuneConfig.pretrained());
 * try (FineTunedClassifier classifier = tuner.train(model, train, labels, held, heldLabels)) {
 *   double[][] p = classifier.probabilities(test);
 * }
 * }</pre>
 */
public final class FineTuner {
  static final String VISION = "vision.";

  private final FineTuneConfig config;
  private final Listener listener;
  private final List<Epoch> history = new ArrayList<>();

  /**
   * One pass over the training set.
   *
   * @param trainLoss mean over its steps
   * @param validationLoss after it; NaN without a validation set
   */
  public record Epoch(double trainLoss, double validationLoss) {}

  /** Told of each step, on the training's thread. */
  @FunctionalInterface
  public interface Listener {
    /**
     * A step is done.
     *
     * @param step from 1
     * @param steps of all epochs; early stopping ends before them
     * @param loss of this step
     */
    void onStep(int step, int steps, double loss);
  }

  /** A tuner with settings. */
  public FineTuner(FineTuneConfig config) {
    this(config, (step, steps, loss) -> {});
  }

  /** A tuner with settings and somebody to tell of progress. */
  public FineTuner(FineTuneConfig config, Listener listener) {
    this.config = config;
    this.listener = listener;
  }

  /** The epochs of the last training, in order. */
  public List<Epoch> history() {
    return List.copyOf(history);
  }

  /**
   * Trains for all epochs.
   *
   * @param model its encoder's weights are changed, unless it is frozen; low-rank pairs that it has
   *     are merged first. It stays the caller's and must outlive the classifier
   * @param volumes N training volumes, read in batches of {@code (b, 1, D, H, W)}, float32
   * @param labels of the same N
   * @throws IOException when a volume cannot be read
   * @throws IllegalArgumentException when counts differ
   * @throws T3dException when no label is known
   * @throws io.t3d.core.train.DivergedException when losses stay not finite
   */
  public FineTunedClassifier train(T3DModel model, VolumeBatches volumes, LabelMatrix labels)
      throws IOException {
    check("training", volumes, labels);
    return run(model, volumes, labels, null, null);
  }

  /**
   * Trains until the validation loss gets no better; the classifier has the weights of the best
   * epoch.
   *
   * @param model its encoder's weights are changed, unless it is frozen; low-rank pairs that it has
   *     are merged first. It stays the caller's and must outlive the classifier
   * @param volumes N training volumes, read in batches of {@code (b, 1, D, H, W)}, float32
   * @param labels of the same N
   * @param held M volumes of patients that the training set does not know
   * @param heldLabels of the same M, the same labels in the same order
   * @throws IOException when a volume cannot be read
   * @throws IllegalArgumentException when counts or labels differ
   * @throws T3dException when no label is known
   * @throws io.t3d.core.train.DivergedException when losses stay not finite
   */
  public FineTunedClassifier train(
      T3DModel model,
      VolumeBatches volumes,
      LabelMatrix labels,
      VolumeBatches held,
      LabelMatrix heldLabels)
      throws IOException {
    check("training", volumes, labels);
    check("validation", held, heldLabels);
    labels.requireNamesOf(heldLabels, "Training and validation");
    return run(model, volumes, labels, held, heldLabels);
  }

  private FineTunedClassifier run(
      T3DModel model,
      VolumeBatches volumes,
      LabelMatrix labels,
      @Nullable VolumeBatches held,
      @Nullable LabelMatrix heldLabels)
      throws IOException {
    history.clear();
    model.mergeLora(); // a pair that stayed would keep its encoder's weights from learning
    FineTunedClassifier classifier = new FineTunedClassifier(model, false, labels.names());
    try (NDManager memory = model.manager().newSubManager()) {
      config.lora().ifPresent(lora -> model.addLora(lora, config.training().seed()));
      new Run(memory, classifier, volumes, labels).train(held, heldLabels);
      return classifier;
    } catch (IOException | RuntimeException e) {
      classifier.close();
      throw e;
    } finally {
      model.mergeLora();
    }
  }

  private static void check(String what, VolumeBatches volumes, LabelMatrix labels) {
    if (volumes.size() != labels.size()) {
      throw new IllegalArgumentException(
          "The "
              + what
              + " set must have one row of labels per volume ("
              + volumes.size()
              + "), got "
              + labels.size());
    }
    if (MaskedBce.known(labels.values()) == 0) {
      throw new T3dException(
          T3dException.Kind.INPUT,
          "No label of the " + what + " set is known; fine-tuning needs some");
    }
  }

  /** One training. */
  private final class Run {
    private final NDManager memory;
    private final FineTunedClassifier classifier;
    private final VolumeBatches volumes;
    private final LabelMatrix labels;
    private final MaskedBce loss;
    private final int[] order; // volumes with a known label
    private final int batch;

    Run(
        NDManager memory,
        FineTunedClassifier classifier,
        VolumeBatches volumes,
        LabelMatrix labels) {
      this.memory = memory;
      this.classifier = classifier;
      this.volumes = volumes;
      this.labels = labels;
      this.loss = MaskedBce.of(labels, config.classWeighting(), config.maxPositiveWeight());
      this.order =
          IntStream.range(0, labels.size())
              .filter(i -> MaskedBce.known(new double[][] {labels.values()[i]}) > 0)
              .toArray();
      this.batch = Math.min(config.batchSize(), order.length);
    }

    void train(@Nullable VolumeBatches held, @Nullable LabelMatrix heldLabels) throws IOException {
      Map<String, Parameter> parameters = classifier.parameters();
      Map<String, Parameter> trained = new LinkedHashMap<>(parameters);
      if (config.encoderRate() == 0) {
        trained.keySet().removeIf(name -> name.startsWith(VISION));
      }
      int steps = config.epochs() * (order.length / batch);
      BestWeights best = new BestWeights(memory, parameters);
      try (TaskTrainer trainer =
          new TaskTrainer(
              memory,
              trained,
              config.training(),
              steps,
              name -> name.startsWith(VISION) ? config.encoderRate() : 1)) {
        for (int epoch = 0; epoch < config.epochs(); epoch++) {
          double trainLoss = epoch(trainer, epoch);
          double heldLoss = held == null ? Double.NaN : validate(held, heldLabels);
          history.add(new Epoch(trainLoss, heldLoss));
          if (held != null && best.offer(heldLoss) >= config.patience()) {
            break;
          }
        }
      }
      if (held != null) {
        best.restore();
      }
    }

    /** Full batches only: a batch norm over a rest of one volume would be noise. */
    private double epoch(TaskTrainer trainer, int epoch) throws IOException {
      Arrays.sort(order);
      Shuffles.shuffle(Ints.asList(order), new SplittableRandom(config.training().seed() + epoch));
      double sum = 0;
      int batches = order.length / batch;
      for (int b = 0; b < batches; b++) {
        int[] rows = Arrays.copyOfRange(order, b * batch, (b + 1) * batch);
        double[][] targets = labels.select(rows).values();
        try (NDManager scope = memory.newSubManager()) {
          NDArray voxels = volumes.load(scope, rows);
          // A frozen encoder keeps its running statistics too.
          boolean training = config.encoderRate() > 0;
          double stepLoss =
              trainer.step(
                  step ->
                      loss.compute(
                          step,
                          trainer.inPrecision(() -> classifier.forward(step, voxels, training)),
                          targets));
          sum += stepLoss;
          listener.onStep(epoch * batches + b + 1, config.epochs() * batches, stepLoss);
        }
      }
      return sum / batches;
    }

    private double validate(VolumeBatches held, LabelMatrix heldLabels) throws IOException {
      double[][] logits = classifier.scores(held);
      try (NDManager scope = memory.newSubManager()) {
        float[][] rows = new float[logits.length][logits[0].length];
        for (int i = 0; i < rows.length; i++) {
          for (int j = 0; j < rows[i].length; j++) {
            rows[i][j] = (float) logits[i][j];
          }
        }
        return loss.compute(scope, scope.create(rows), heldLabels.values()).getFloat();
      }
    }
  }
}
