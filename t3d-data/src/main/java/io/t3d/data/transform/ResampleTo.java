package io.t3d.data.transform;

import io.t3d.core.config.Size3;
import io.t3d.core.volume.Volume;
import io.t3d.data.transform.AxisResampler.Axis;
import java.util.Objects;

/**
 * Resamples along the voxel axes to a given size. The outer corners of the scan stay in place
 * (PyTorch's {@code align_corners=False}), so the spacing becomes {@code n · old / size} per axis.
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
    Axis[] axes = {
      axis(v.depth(), size.depth()), axis(v.height(), size.height()), axis(v.width(), size.width())
    };
    return Resampling.apply(v, axes, interpolation);
  }

  private static Axis axis(int n, int to) {
    return new Axis(n, to, (double) n / to, false);
  }
}
