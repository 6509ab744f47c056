package io.t3d.core.torch.internal;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import io.t3d.core.torch.TorchBridge;
import org.bytedeco.pytorch.Tensor;

/**
 * The buffer in which backward passes accumulate a weight's gradient. Freeing it between steps
 * rather than writing zeros saves a pass over memory at the end of a step and one at the start of
 * the next, and the memory is free for the forward pass.
 */
public final class GradientSlot {
  private static final NDIndex ALL = new NDIndex("...");

  private GradientSlot() {}

  /**
   * Whether there is a gradient: a backward pass has reached the weight since the last {@link
   * #free}. Ask before {@code NDArray.getGradient}, which cannot give an empty one.
   *
   * @param weight an array that wants a gradient
   */
  public static boolean isFilled(NDArray weight) {
    if (!TorchBridge.available()) {
      return true;
    }
    try (Tensor gradient = TorchBridge.borrow(weight).grad()) {
      return gradient.defined();
    }
  }

  /**
   * Whether a backward pass from an array would reach anything.
   *
   * @param x what was computed; without the {@linkplain TorchBridge bridge} it is taken for granted
   */
  public static boolean isRecorded(NDArray x) {
    return !TorchBridge.available() || TorchBridge.borrow(x).requires_grad();
  }

  /**
   * The same values as the start of a graph of its own, with an empty slot.
   *
   * @param x float32 or, with the {@linkplain TorchBridge bridge}, any floating type
   * @return shares memory with x where the bridge is there; owned by the manager of x
   */
  public static NDArray leaf(NDArray x) {
    if (!TorchBridge.available()) {
      NDArray copy = x.stopGradient().duplicate();
      copy.setRequiresGradient(true);
      return copy;
    }
    Tensor detached = TorchBridge.borrow(x).detach();
    detached.set_requires_grad(true);
    return TorchBridge.own(x.getManager(), detached);
  }

  /**
   * Fills the slot.
   *
   * @param weight an array that wants a gradient
   * @param gradient of its shape and type; its memory is the slot's too from now on
   * @throws io.t3d.core.T3dException without the {@linkplain TorchBridge bridge}
   */
  public static void put(NDArray weight, NDArray gradient) {
    TorchBridge.require("A gradient of one's own");
    TorchBridge.borrow(weight).mutable_grad().put(TorchBridge.borrow(gradient));
  }

  /**
   * Runs a backward pass of its own, inside or outside a gradient collector: adds to the slots of
   * the leaves behind a scalar.
   *
   * @throws io.t3d.core.T3dException without the {@linkplain TorchBridge bridge}
   */
  public static void backward(NDArray scalar) {
    TorchBridge.require("A backward pass within another");
    TorchBridge.borrow(scalar).backward();
  }

  /**
   * Frees the gradient, also one that is not finite; the next backward pass starts anew. Without
   * the {@linkplain TorchBridge bridge} it is set to zero.
   *
   * @param weight an array that wants a gradient
   */
  public static void free(NDArray weight) {
    if (TorchBridge.available()) {
      try (Tensor empty = new Tensor()) {
        TorchBridge.borrow(weight).mutable_grad().put(empty);
      }
      return;
    }
    // set() makes an array of its number on the manager of the gradient.
    try (NDManager scope = weight.getManager().newSubManager()) {
      NDArray gradient = weight.getGradient();
      gradient.attach(scope);
      gradient.set(ALL, 0);
    }
  }
}
