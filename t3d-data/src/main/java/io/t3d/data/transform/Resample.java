package io.t3d.data.transform;

import io.t3d.core.volume.Spacing;
import io.t3d.core.volume.Volume;
import java.util.Objects;

/**
 * Resamples along the voxel axes to an exact spacing.
 *
 * <pre>{@code
 * size   = max(1, round(n · old / new))
 * input  = (n - 1)/2 + (output - (size - 1)/2) · new/old      per axis, voxel centres
 * }</pre>
 *
 * <p>The centre of the scan stays in place. When {@code n · old / new} is whole, the outer corners
 * of the scan stay too (PyTorch's {@code align_corners=False}); else the scan grows or shrinks by
 * less than half a new voxel at each side. Output centres beyond the outermost input centres take
 * the edge's value.
 *
 * @param spacing mm per voxel along the voxel axes z, y, x (reorient first if these should be the
 *     patient's)
 * @param interpolation {@link Interpolation#NEAREST} for masks
 */
public record Resample(Spacing spacing, Interpolation interpolation) implements Transform {
  /** Checks that nothing is missing. */
  public Resample {
    Objects.requireNonNull(spacing, "spacing");
    Objects.requireNonNull(interpolation, "interpolation");
  }

  /** Trilinear. */
  public Resample(Spacing spacing) {
    this(spacing, Interpolation.LINEAR);
  }

  @Override
  public Volume apply(Volume v) {
    return Resampling.apply(
        v, Resampling.axes(v.depth(), v.height(), v.width(), v.spacing(), spacing), interpolation);
  }
}
