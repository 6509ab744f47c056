package io.t3d.losses.kernel.internal;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import io.t3d.core.torch.TorchBridge;

/** The diagonal of a square matrix as a view, without a copy. */
public final class Diagonal {
  private Diagonal() {}

  /**
   * The diagonal.
   *
   * @param square {@code (B, B)}
   * @return {@code (B)}, differentiable
   */
  public static NDArray of(NDArray square) {
    if (TorchBridge.available()) {
      return TorchBridge.own(square.getManager(), TorchBridge.borrow(square).diagonal());
    }
    long b = square.getShape().get(0);
    return square.reshape(-1).get(new NDIndex().addSliceDim(0, b * b, b + 1));
  }
}
