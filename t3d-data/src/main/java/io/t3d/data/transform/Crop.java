package io.t3d.data.transform;

import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Volume;
import io.t3d.core.volume.VoxelBox;
import java.util.Arrays;
import java.util.Objects;

/**
 * Cuts a box out of a volume; parts of the box outside the volume are filled.
 *
 * @param box in voxels of the volume
 * @param fill value outside of the volume, e.g. -1024 for air in HU
 */
public record Crop(VoxelBox box, float fill) implements Transform {
  /** Checks that the box is there and fits one array. */
  public Crop {
    Objects.requireNonNull(box, "box");
    if (box.size() > Integer.MAX_VALUE - 8) {
      throw new IllegalArgumentException("A crop must fit one array, got " + box);
    }
  }

  @Override
  public Volume apply(Volume v) {
    if (box.equals(v.bounds())) {
      return v;
    }
    float[] out = new float[(int) box.size()];
    if (fill != 0) {
      Arrays.fill(out, fill);
    }
    // Long, because a box may start anywhere in the int range.
    int x0 = Math.max(box.x0(), 0);
    int x1 = (int) Math.min((long) box.x0() + box.width(), v.width());
    int y1 = (int) Math.min((long) box.y0() + box.height(), v.height());
    int z1 = (int) Math.min((long) box.z0() + box.depth(), v.depth());
    for (int z = Math.max(box.z0(), 0); z < z1 && x0 < x1; z++) {
      for (int y = Math.max(box.y0(), 0); y < y1; y++) {
        int to = ((z - box.z0()) * box.height() + y - box.y0()) * box.width() + x0 - box.x0();
        System.arraycopy(v.voxels(), v.index(z, y, x0), out, to, x1 - x0);
      }
    }
    Affine shift = Affine.scaleTranslate(1, 1, 1, box.x0(), box.y0(), box.z0());
    return new Volume(out, box.depth(), box.height(), box.width(), v.affine().compose(shift));
  }
}
