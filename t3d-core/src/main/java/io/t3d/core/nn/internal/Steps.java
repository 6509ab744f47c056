package io.t3d.core.nn.internal;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.nn.Block;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import io.t3d.core.internal.kernel.FusedLinear;
import io.t3d.core.torch.distributed.internal.SyncedBatchNorm;
import java.util.function.UnaryOperator;

/**
 * Steps of a network that free their input. DJL frees an array only with its manager, so that a
 * plain chain of calls holds every intermediate of the whole network until the batch ends. What
 * autograd needs for the backward pass it keeps by itself, so freeing is right in training too.
 */
public final class Steps {
  private Steps() {}

  /** Runs a block of one input and one output; the input stays open. */
  public static NDArray run(Block block, ParameterStore parameters, NDArray x, boolean training) {
    if (SyncedBatchNorm.applies(block, training)) {
      return SyncedBatchNorm.run(block, parameters, x);
    }
    if (block instanceof Linear linear && FusedLinear.pays(x)) {
      NDArray y = FusedLinear.run(linear, parameters, x, training);
      return linear instanceof LoraLinear own ? own.withPair(parameters, x, y, training) : y;
    }
    return block.forward(parameters, new NDList(x), training).singletonOrThrow();
  }

  /** Runs a block and frees its input. */
  public static NDArray runAndFree(
      Block block, ParameterStore parameters, NDArray x, boolean training) {
    return thenFree(x, y -> run(block, parameters, y, training));
  }

  /** Applies a step and frees its input. */
  public static NDArray thenFree(NDArray x, UnaryOperator<NDArray> step) {
    NDArray y = step.apply(x);
    if (y != x) {
      x.close();
    }
    return y;
  }

  /** {@code x + y}, freeing both. */
  public static NDArray addAndFree(NDArray x, NDArray y) {
    NDArray sum = x.add(y);
    x.close();
    y.close();
    return sum;
  }
}
