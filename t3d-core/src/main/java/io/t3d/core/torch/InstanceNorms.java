package io.t3d.core.torch;

import ai.djl.ndarray.NDArray;
import io.t3d.core.tensor.Scopes;
import io.t3d.core.tensor.Shapes;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/** Instance normalisation of 3D feature maps, which DJL does not have. */
public final class InstanceNorms {
  private static final int[] VOXELS = {2, 3, 4};

  private InstanceNorms() {}

  /**
   * Brings each channel of each sample to mean 0 and variance 1 over its voxels, then scales and
   * shifts it, as PyTorch's {@code InstanceNorm3d(affine=True)}. The order in memory stays.
   *
   * @param x {@code (B, C, D, H, W)}, floating point
   * @param weight {@code (C)}
   * @param bias {@code (C)}
   * @param epsilon added to the variance
   * @return {@code (B, C, D, H, W)}, owned by the manager of x
   */
  public static NDArray apply(NDArray x, NDArray weight, NDArray bias, double epsilon) {
    Shapes.check("x", x, "B, C, D, H, W", "only 3D feature maps", -1, -1, -1, -1, -1);
    return TorchBridge.available()
        ? bridged(x, weight, bias, epsilon)
        : plain(x, weight, bias, epsilon);
  }

  /** A group norm with one channel per group is an instance norm, and keeps channels last. */
  private static NDArray bridged(NDArray x, NDArray weight, NDArray bias, double epsilon) {
    try (TensorOptional w = new TensorOptional(TorchBridge.borrow(weight));
        TensorOptional b = new TensorOptional(TorchBridge.borrow(bias))) {
      long channels = x.getShape().get(1);
      Tensor y = torch.group_norm(TorchBridge.borrow(x), channels, w, b, epsilon, true);
      return TorchBridge.own(x.getManager(), y);
    }
  }

  private static NDArray plain(NDArray x, NDArray weight, NDArray bias, double epsilon) {
    return Scopes.within(
        x,
        y -> {
          NDArray centred = y.sub(y.mean(VOXELS, true)); // (B, C, D, H, W)
          NDArray variance = centred.square().mean(VOXELS, true); // (B, C, 1, 1, 1)
          NDArray unit = centred.div(variance.add(epsilon).sqrt());
          NDArray w = Scopes.handle(weight, y.getManager()).reshape(1, -1, 1, 1, 1);
          NDArray b = Scopes.handle(bias, y.getManager()).reshape(1, -1, 1, 1, 1);
          return unit.mul(w).add(b);
        });
  }
}
