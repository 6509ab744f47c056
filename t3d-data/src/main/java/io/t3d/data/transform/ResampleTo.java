package io.t3d.data.transform;

import io.t3d.core.config.Size3;
import io.t3d.core.volume.Volume;
import java.util.Objects;

/**
 * Resamples along the voxel axes to a size. The outer corners of the scan stay in place (PyTorch's
 * {@code align_corners=False}), so the spacing becomes {@code n · old / size} per axis.
 *
 * @param size the size of the result
 * @param interpolation {@link Interpolation#NEAREST} for masks
 */
public record ResampleTo(Size3 size, Interpolation interpolation) implements Transform {
  /** Checks that nothing is missing. */
  public ResampleTo {
    Objects.requireNonNull(size, "size");
    Objects.requireNonNull(interpolation, "interpolation");
  }

  @Override
  public Volume apply(Volume v) {
    int[] to = {size.depth(), size.height(), size.width()};
    double[] step = {
      (double) v.depth() / to[0], (double) v.height() / to[1], (double) v.width() / to[2]
    };
    return Resampling.apply(v, to, step, interpolation);
  }
}
