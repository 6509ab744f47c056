package io.t3d.core.torch.internal;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.config.Size3;
import io.t3d.core.internal.Shapes;
import io.t3d.core.torch.TorchBridge;
import org.bytedeco.pytorch.MemoryFormatOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** Rearranges blocks of voxels as rows of a matrix. */
public final class Patches {
  private static final long[] BLOCKS_FIRST = {0, 1, 3, 5, 2, 4, 6};

  private Patches() {}

  /**
   * Cuts views into blocks. The voxels are read once, where they lie (views may be crops of a
   * larger array), and written once, already in the wanted type: casting apart from cutting took up
   * to twice as long.
   *
   * @param views {@code (B, 1, D, H, W)}, any floating type
   * @param patch (pd, ph, pw), divides (D, H, W)
   * @param bfloat16 whether the rows are to be bfloat16; needs the {@linkplain TorchBridge bridge}
   * @return {@code (B, N, pd·ph·pw)}, blocks and voxels in (z, y, x) order, contiguous, of the
   *     views' type or bfloat16; gradients flow; owned by the manager of views
   * @throws IllegalArgumentException when the shapes do not fit
   */
  public static NDArray rows(NDArray views, Size3 patch, boolean bfloat16) {
    Shapes.check("views", views, "B, 1, D, H, W", "one channel each", -1, 1, -1, -1, -1);
    long[] split = split(views.getShape(), patch);
    long voxels = (long) patch.depth() * patch.height() * patch.width();
    if (bfloat16) {
      TorchBridge.require("Patches in bfloat16");
    }
    return TorchBridge.available()
        ? bridged(views, split, voxels, bfloat16)
        : plain(views, split, voxels);
  }

  private static long[] split(Shape views, Size3 patch) {
    long[] size = {views.get(2), views.get(3), views.get(4)};
    long[] step = {patch.depth(), patch.height(), patch.width()};
    long[] split = new long[7];
    split[0] = views.get(0);
    for (int axis = 0; axis < 3; axis++) {
      if (size[axis] % step[axis] != 0) {
        throw new IllegalArgumentException(
            "patch must divide (D, H, W) = "
                + Shapes.format(views.slice(2))
                + ", got "
                + Shapes.format(new Shape(step)));
      }
      split[1 + 2 * axis] = size[axis] / step[axis];
      split[2 + 2 * axis] = step[axis];
    }
    return split; // (B, d, pd, h, ph, w, pw)
  }

  private static NDArray bridged(NDArray views, long[] split, long voxels, boolean bfloat16) {
    // Splitting axes and permuting them moves no voxel, of a crop neither.
    try (Tensor blocks = TorchBridge.borrow(views).reshape(split);
        Tensor grouped = blocks.permute(BLOCKS_FIRST); // (B, d, h, w, pd, ph, pw)
        Tensor moved = bfloat16 ? toBfloat16(grouped) : grouped.contiguous()) {
      return TorchBridge.own(views.getManager(), moved.reshape(split[0], -1, voxels)); // (B, N, …)
    }
  }

  /** One pass that casts and puts in order, since the result's memory format is asked for too. */
  private static Tensor toBfloat16(Tensor grouped) {
    if (grouped.scalar_type().intern() == ScalarType.BFloat16) {
      return grouped.contiguous();
    }
    try (MemoryFormatOptional ordered = new MemoryFormatOptional(torch.MemoryFormat.Contiguous)) {
      return grouped.to(ScalarType.BFloat16, false, false, ordered);
    }
  }

  /** The same in plain DJL. */
  private static NDArray plain(NDArray views, long[] split, long voxels) {
    try (NDArray blocks = views.reshape(split);
        NDArray grouped = blocks.transpose(0, 1, 3, 5, 2, 4, 6)) { // (B, d, h, w, pd, ph, pw)
      return grouped.reshape(split[0], -1, voxels); // (B, N, pd·ph·pw)
    }
  }
}
