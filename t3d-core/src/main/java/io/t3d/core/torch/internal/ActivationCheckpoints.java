package io.t3d.core.torch.internal;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.t3d.core.internal.Scopes;
import io.t3d.core.torch.Autocast;
import io.t3d.core.torch.TorchBridge;
import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorArrayRefOptional;

/**
 * Activation checkpointing: only the output of each stage of a network is kept for the backward
 * pass; everything inside is recomputed when its gradient is needed. Memory falls to the stages'
 * results and the inside of one stage, for about a third more time.
 *
 * <pre>{@code
 * try (GradientCollector collector = Engine.getInstance().newGradientCollector();
 *     ActivationCheckpoints checkpoints = ActivationCheckpoints.open(manager, seed)) {
 *   NDArray loss = loss(network.forward(x)); // its stages go through stage()
 *   collector.backward(loss); // down to the results of the last stages
 *   checkpoints.backward(); // through the stages, last one first
 * }
 * }</pre>
 *
 * <p>Each stage's result starts a graph of its own, so that the backward pass is split by hand and
 * needs no function of autograd's own. Dropout within a stage falls alike both times: a stage sets
 * the engine's random seed. Running statistics of batch norms are updated both times: the caller
 * restores them.
 *
 * <p>One may be open per thread. Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost".
 */
public final class ActivationCheckpoints implements AutoCloseable {
  private static final ThreadLocal<ActivationCheckpoints> OPEN = new ThreadLocal<>();

  private final NDManager kept;
  private final int seed;
  private final List<Stage> stages = new ArrayList<>();

  /** A stage that ran: result = step(input), with or without autocast. */
  private record Stage(
      NDArray input, NDArray result, UnaryOperator<NDArray> step, boolean bfloat16, int seed) {}

  private ActivationCheckpoints(NDManager owner, int seed) {
    kept = owner.newSubManager();
    this.seed = seed;
  }

  /**
   * Opens on this thread: from now on stages are checkpointed.
   *
   * @param owner the kept results belong to a child of it
   * @param seed of what is random within the stages
   * @throws io.t3d.core.T3dException without the {@linkplain TorchBridge bridge}
   * @throws IllegalStateException when one is open already
   */
  public static ActivationCheckpoints open(NDManager owner, int seed) {
    TorchBridge.require("Activation checkpointing");
    if (OPEN.get() != null) {
      throw new IllegalStateException("ActivationCheckpoints are open on this thread: close them");
    }
    ActivationCheckpoints opened = new ActivationCheckpoints(owner, seed);
    OPEN.set(opened);
    return opened;
  }

  /**
   * Runs a stage of a network; where none are open it is the step itself.
   *
   * @param x input of the stage; freed after its use, so nothing else may read it
   * @param step gives a new array and leaves x open; what it reads besides x lives until the
   *     backward pass ({@link #keep})
   * @return the result, owned by the manager of x
   */
  public static NDArray stage(NDArray x, UnaryOperator<NDArray> step) {
    ActivationCheckpoints open = OPEN.get();
    if (open == null) {
      NDArray y = step.apply(x);
      if (y != x) {
        x.close();
      }
      return y;
    }
    return open.record(x, step);
  }

  /**
   * A handle of an array that a stage reads besides its input, alive until the backward pass; where
   * none are open it is the array itself.
   */
  public static NDArray keep(NDArray array) {
    ActivationCheckpoints open = OPEN.get();
    return open == null ? array : Scopes.handle(array, open.kept);
  }

  private NDArray record(NDArray x, UnaryOperator<NDArray> step) {
    NDManager owner = x.getManager();
    int number = seed ^ (stages.size() + 1) * 0x9E3779B9;
    boolean bfloat16 = Autocast.isEnabled(x.getDevice());
    NDArray leaf;
    try (NoGradGuard constant = new NoGradGuard()) {
      Engine.getInstance().setRandomSeed(number);
      NDArray y = step.apply(x);
      leaf = GradientSlot.leaf(y);
      leaf.attach(kept);
      y.close();
    }
    x.attach(kept);
    stages.add(new Stage(x, leaf, step, bfloat16, number));
    // A second handle for the caller to close; the gradient flows through it into the leaf.
    return Scopes.handle(leaf, owner);
  }

  /**
   * Takes the gradients from the stages' results down to the weights and to what came before. Call
   * it once, after the backward pass of the loss, inside the same gradient collector and outside
   * autocast.
   */
  public void backward() {
    OPEN.remove(); // the stages now run as they are
    for (int i = stages.size() - 1; i >= 0; i--) {
      Stage stage = stages.get(i);
      if (GradientSlot.isFilled(stage.result)) {
        backward(stage);
        GradientSlot.free(stage.result);
      }
    }
    stages.clear();
  }

  private void backward(Stage stage) {
    try (NDManager scope = kept.newSubManager()) {
      stage.input.attach(scope); // freed with the stage
      Engine.getInstance().setRandomSeed(stage.seed);
      NDArray y = again(stage);
      if (!TorchBridge.borrow(y).requires_grad()) {
        return; // what lies below is frozen
      }
      try (Tensor gradient = TorchBridge.borrow(stage.result).grad();
          BoolOptional keepGraph = new BoolOptional();
          TensorArrayRefOptional all = new TensorArrayRefOptional()) {
        TorchBridge.borrow(y).backward(gradient, keepGraph, false, all);
      }
    }
  }

  private static NDArray again(Stage stage) {
    if (!stage.bfloat16) {
      return stage.step.apply(stage.input);
    }
    try (Autocast autocast = Autocast.bfloat16(stage.input.getDevice())) {
      return stage.step.apply(stage.input);
    }
  }

  /** Frees what is kept. */
  @Override
  public void close() {
    if (OPEN.get() == this) {
      OPEN.remove();
    }
    kept.close();
  }
}
