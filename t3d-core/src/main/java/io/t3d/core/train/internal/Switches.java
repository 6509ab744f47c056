package io.t3d.core.train.internal;

import io.t3d.core.torch.TorchBridge;
import io.t3d.core.torch.TorchEngine;

/** libtorch's switches as the settings of a run want them, until it is closed. */
public final class Switches implements AutoCloseable {
  private final Runnable restore;

  /**
   * Sets them; without the bridge they stay as they are.
   *
   * @param tf32 see {@link TorchEngine#tf32}
   * @param deterministic see {@link TorchEngine#deterministic}; what was asked for before stays
   * @throws io.t3d.core.T3dException when deterministic algorithms are asked for without the bridge
   */
  public Switches(boolean tf32, boolean deterministic) {
    if (!TorchBridge.available() && !deterministic) {
      restore = () -> {};
      return;
    }
    boolean tf32Before = TorchEngine.isTf32();
    boolean deterministicBefore = TorchEngine.isDeterministic();
    restore =
        () -> {
          TorchEngine.tf32(tf32Before);
          TorchEngine.deterministic(deterministicBefore);
        };
    TorchEngine.tf32(tf32);
    TorchEngine.deterministic(deterministic || deterministicBefore);
  }

  @Override
  public void close() {
    restore.run();
  }
}
