package io.t3d.core.kernel;

import ai.djl.ndarray.NDArray;
import io.t3d.core.torch.TorchBridge;

/** The form of {@link TokenGather} for large inputs, at any size, for tests of other packages. */
public final class FusedGather {
  private FusedGather() {}

  /** {@link TokenGather#gather} in blocks where the bridge is there. */
  public static NDArray gather(NDArray tokens, NDArray queries, double temperature) {
    return TorchBridge.available()
        ? TokenGather.fused(tokens, queries, temperature)
        : TokenGather.gather(tokens, queries, temperature);
  }
}
