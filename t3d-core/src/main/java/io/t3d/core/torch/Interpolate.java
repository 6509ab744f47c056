package io.t3d.core.torch;

import ai.djl.ndarray.NDArray;
import io.t3d.core.config.Size3;
import io.t3d.core.internal.Shapes;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/** Resizes 3D feature maps, with gradients. */
public final class Interpolate {
  private Interpolate() {}

  /**
   * Resizes trilinearly, as PyTorch's {@code interpolate(mode="trilinear", align_corners=False)}:
   * voxel i of n covers [i/n, (i+1)/n] of its axis, the edge is held. Does not average when it
   * shrinks.
   *
   * @param x {@code (B, C, D, H, W)}, floating point
   * @param size the size to reach
   * @return {@code (B, C, size)}, owned by the manager of x
   * @throws io.t3d.core.T3dException without the {@linkplain TorchBridge bridge}: DJL 0.36 has no
   *     trilinear mode
   */
  public static NDArray trilinear(NDArray x, Size3 size) {
    Shapes.check("x", x, "B, C, D, H, W", "add a batch or channel axis", -1, -1, -1, -1, -1);
    TorchBridge.require("Trilinear resizing");
    long[] target = {size.depth(), size.height(), size.width()};
    Tensor out = torch.upsample_trilinear3d(TorchBridge.borrow(x), target, false);
    return TorchBridge.own(x.getManager(), out); // (B, C, size)
  }
}
