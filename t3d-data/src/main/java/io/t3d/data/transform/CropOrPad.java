package io.t3d.data.transform;

import io.t3d.core.config.Size3;
import io.t3d.core.volume.Volume;
import io.t3d.core.volume.VoxelBox;
import java.util.Objects;

/**
 * Crops or pads a volume about its centre to a given size. An odd difference leaves the extra voxel
 * at the end of the axis.
 *
 * @param size the size of the result
 * @param fill value outside of the volume, e.g. -1024 for air in HU, or 0 after a window
 */
public record CropOrPad(Size3 size, float fill) implements Transform {
  /** Checks that nothing is missing. */
  public CropOrPad {
    Objects.requireNonNull(size, "size");
  }

  @Override
  public Volume apply(Volume v) {
    VoxelBox box =
        new VoxelBox(
            start(v.depth(), size.depth()),
            start(v.height(), size.height()),
            start(v.width(), size.width()),
            size.depth(),
            size.height(),
            size.width());
    return new Crop(box, fill).apply(v);
  }

  // Rounds towards zero: the extra voxel is cut from, or added to, the end.
  private static int start(int have, int want) {
    return (have - want) / 2;
  }
}
