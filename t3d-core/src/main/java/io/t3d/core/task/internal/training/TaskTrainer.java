package io.t3d.core.task.internal.training;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import ai.djl.training.GradientCollector;
import io.t3d.core.task.TaskTraining;
import io.t3d.core.train.DivergedException;
import io.t3d.core.train.TrainingStep;
import io.t3d.core.train.optim.AdamW;
import io.t3d.core.train.optim.Gradients;
import io.t3d.core.train.optim.LrSchedule;
import java.util.Map;
import java.util.Optional;
import java.util.function.ToDoubleFunction;

/**
 * Trains any parameters that a loss depends on: a linear head, a fine-tuned encoder, a decoder. The
 * caller owns the data and the network; this owns optimizer, schedule, clipping and the guard
 * against losses that are not finite.
 *
 * <pre>{@code
 * try (TaskTrainer trainer = new TaskTrainer(manager, parameters, config, steps)) {
 *   for (Batch batch : batches) {
 *     double loss = trainer.step(scope -> loss(head.forward(batch.in(scope)), batch.targets(scope)));
 *   }
 * }
 * }</pre>
 */
public final class TaskTrainer implements AutoCloseable {
  /** Computes a loss. */
  @FunctionalInterface
  public interface Loss {
    /**
     * Runs the network forward, inside the trainer's gradient scope.
     *
     * @param scope owns the arrays of this step; start chains of operations from arrays of it
     * @return a scalar, float32, differentiable
     */
    NDArray compute(NDManager scope);
  }

  /** Computes the output of a network, under autocast when the settings say so. */
  @FunctionalInterface
  public interface Forward {
    /** Runs the network. */
    NDArray run();
  }

  private final NDManager owner;
  private final Device device;
  private final TaskTraining config;
  private final AdamW optimizer;
  private final LrSchedule schedule;
  private int step;
  private int badInRow;

  /**
   * Makes the optimizer's state.
   *
   * @param owner the memory of optimizer and steps belongs to children of it
   * @param parameters dotted name → parameter; those that want no gradient are left alone
   * @param config how it learns
   * @param totalSteps length of the schedule
   */
  public TaskTrainer(
      NDManager owner, Map<String, Parameter> parameters, TaskTraining config, int totalSteps) {
    this(owner, parameters, config, totalSteps, name -> 1);
  }

  /**
   * The same where some parameters learn more slowly, e.g. an encoder below a new head.
   *
   * @param rate dotted name → factor of the learning rate
   */
  public TaskTrainer(
      NDManager owner,
      Map<String, Parameter> parameters,
      TaskTraining config,
      int totalSteps,
      ToDoubleFunction<String> rate) {
    this.owner = owner;
    this.device = owner.getDevice();
    this.config = config;
    this.optimizer = new AdamW(owner, parameters, optimizer(config), rate);
    this.schedule = schedule(config, totalSteps);
  }

  private static AdamW.Settings optimizer(TaskTraining config) {
    return new AdamW.Settings(
        config.beta1(), config.beta2(), config.epsilon(), config.weightDecay());
  }

  private static LrSchedule schedule(TaskTraining config, int totalSteps) {
    int warmup = (int) Math.round(config.warmupFraction() * totalSteps);
    return new LrSchedule(config.learningRate(), config.minLearningRate(), warmup, totalSteps);
  }

  /** Steps done. */
  public int steps() {
    return step;
  }

  /**
   * Forward, backward, clipping, update. A step whose loss or gradient is not finite changes no
   * weight.
   *
   * @return the loss
   * @throws IllegalArgumentException when the loss is no scalar
   * @throws DivergedException after {@link TaskTraining#maxBadSteps()} such steps in a row
   */
  public double step(Loss loss) {
    try (NDManager scope = owner.newSubManager()) {
      Engine.getInstance().setRandomSeed(TrainingStep.seed(config.seed(), step, 0));
      NDArray scalar = forwardBackward(scope, loss);
      AdamW.Guarded update =
          optimizer.guardedStep(scope, schedule.at(step), config.clipNorm(), Optional.of(scalar));
      // The only wait for the device.
      float[] read = NDArrays.concat(new NDList(scalar, update.leftOut())).toFloatArray();
      boolean finite = read[1] == 0;
      optimizer.settle(finite);
      guard(finite, read[0]);
      step++;
      return read[0];
    } finally {
      Gradients.free(optimizer.trained());
    }
  }

  /** The loss, {@code (1)}, without its graph. */
  private NDArray forwardBackward(NDManager scope, Loss loss) {
    try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
      NDArray scalar = loss.compute(scope);
      if (scalar.size() != 1) {
        throw new IllegalArgumentException(
            "The loss must be a scalar, got shape " + scalar.getShape());
      }
      collector.backward(scalar);
      return scalar.stopGradient().reshape(1);
    }
  }

  private void guard(boolean finite, double loss) {
    badInRow = finite ? 0 : badInRow + 1;
    if (badInRow >= config.maxBadSteps()) {
      throw new DivergedException(
          "Training stopped at step "
              + (step + 1)
              + ": "
              + badInRow
              + " steps in a row without a finite loss and gradient (loss "
              + loss
              + "). Lower learningRate, or look for NaN in the data");
    }
  }

  /**
   * Runs a network in the precision of the settings; for use inside a {@link Loss}, so that the
   * loss itself stays in float32.
   */
  public NDArray inPrecision(Forward forward) {
    return config.precision().run(device, forward::run);
  }

  @Override
  public void close() {
    optimizer.close();
  }
}
