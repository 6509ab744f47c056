package io.t3d.core.torch;

import ai.djl.ndarray.NDArray;
import io.t3d.core.internal.Shapes;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Memory layout of voxels and channels: contiguous or channels-last. Shape, values and gradients
 * stay what they are.
 *
 * <p>With the channels last, 3D convolutions on a CPU with AVX-512 take about half the time: a
 * bottleneck block of ResNet-50 forward and backward 149 instead of 294 ms in float32. With AVX2
 * alone they take twice the time instead: oneDNN then computes the gradient of the weights by
 * another path. {@link #forConvolutions} chooses. Convolution, normalisation and activations keep
 * the order of their input, so one call at the model's entry does.
 *
 * <p>Each method returns a new array, owned by the manager of its operand, that may share memory
 * with the operand: write to neither. Without the {@linkplain TorchBridge bridge} the order stays
 * as it is.
 */
public final class MemoryFormats {
  private MemoryFormats() {}

  /**
   * Puts the channels last in memory ({@code channels_last_3d}).
   *
   * @param x {@code (B, C, D, H, W)}, or a convolution's weight of that rank
   * @return {@code (B, C, D, H, W)}, same values
   */
  public static NDArray channelsLast3d(NDArray x) {
    checkRank(x);
    return inFormat(x, torch.MemoryFormat.ChannelsLast3d);
  }

  /**
   * Puts the axes in the order in which the convolutions of this machine are fastest: channels last
   * on a GPU, in bfloat16, and on a CPU with AVX-512; else PyTorch's usual order.
   *
   * @param x {@code (B, C, D, H, W)}
   * @return {@code (B, C, D, H, W)}, same values
   */
  public static NDArray forConvolutions(NDArray x) {
    boolean channelsLast = x.getDevice().isGpu() || Casts.isBfloat16(x) || CpuGuard.hasAvx512();
    return channelsLast ? channelsLast3d(x) : contiguous(x);
  }

  /**
   * Puts the last axis last in memory, PyTorch's usual order.
   *
   * @param x any shape
   * @return same shape, same values
   */
  public static NDArray contiguous(NDArray x) {
    return inFormat(x, torch.MemoryFormat.Contiguous);
  }

  /**
   * Whether the channels are last in memory. An array of one channel or of one voxel may be both
   * that and contiguous.
   *
   * @param x {@code (B, C, D, H, W)}
   */
  public static boolean isChannelsLast3d(NDArray x) {
    checkRank(x);
    return TorchBridge.available()
        && TorchBridge.borrow(x).is_contiguous(torch.MemoryFormat.ChannelsLast3d);
  }

  private static NDArray inFormat(NDArray x, torch.MemoryFormat format) {
    if (!TorchBridge.available()) {
      return x.reshape(x.getShape()); // a second handle, so that closing it leaves x alone
    }
    Tensor moved = TorchBridge.borrow(x).contiguous(format);
    return TorchBridge.own(x.getManager(), moved);
  }

  private static void checkRank(NDArray x) {
    Shapes.check("x", x, "B, C, D, H, W", "only 3D images have this order", -1, -1, -1, -1, -1);
  }
}
