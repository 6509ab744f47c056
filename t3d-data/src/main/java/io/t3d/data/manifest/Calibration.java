package io.t3d.data.manifest;

import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Spacing;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.spi.SliceSink;
import io.t3d.data.io.spi.VolumeInfo;
import java.util.Objects;
import java.util.Optional;

/**
 * Corrections to a volume's header, for published sets that keep rescale values and spacing in a
 * table beside the files.
 *
 * <pre>{@code
 * HU = slope · v + intercept        v: the value that the reader gives, header scaling included
 * }</pre>
 *
 * @param slope finite, not 0; 1 keeps values
 * @param intercept finite; 0 keeps values
 * @param spacing mm per voxel along the stored axes, in place of the header's; directions and the
 *     place of the first voxel stay
 */
public record Calibration(double slope, double intercept, Optional<Spacing> spacing) {
  private static final Calibration NONE = new Calibration(1, 0, Optional.empty());

  /** Checks the numbers. */
  public Calibration {
    Objects.requireNonNull(spacing, "spacing");
    if (!Double.isFinite(slope) || slope == 0) {
      throw new IllegalArgumentException("slope must be finite and not 0, got " + slope);
    }
    if (!Double.isFinite(intercept)) {
      throw new IllegalArgumentException("intercept must be finite, got " + intercept);
    }
  }

  /** The header is right. */
  public static Calibration none() {
    return NONE;
  }

  /** Whether {@link #apply(Volume)} gives back what it gets. */
  public boolean isNone() {
    return equals(NONE);
  }

  /** The volume in HU and with its true spacing; the input is left as it is. */
  public Volume apply(Volume volume) {
    Affine affine = place(volume.affine());
    float[] voxels = volume.voxels();
    if (slope != 1 || intercept != 0) {
      float[] rescaled = new float[voxels.length];
      rescale(voxels, 0, rescaled);
      voxels = rescaled;
    }
    return new Volume(voxels, volume.depth(), volume.height(), volume.width(), affine);
  }

  /** The header with the true spacing. */
  public VolumeInfo apply(VolumeInfo info) {
    return info.withAffine(place(info.affine()));
  }

  /** A sink that hands slices on, in HU and with their true spacing. */
  public SliceSink before(SliceSink next) {
    return isNone() ? next : new Slices(next);
  }

  private final class Slices implements SliceSink {
    private final SliceSink next;
    private float[] slice;

    Slices(SliceSink next) {
      this.next = next;
    }

    @Override
    public void begin(int depth, int height, int width, Affine affine) {
      slice = new float[Math.multiplyExact(height, width)];
      next.begin(depth, height, width, place(affine));
    }

    @Override
    public void slice(int z, float[] voxels, int at) {
      rescale(voxels, at, slice);
      next.slice(z, slice, 0);
    }
  }

  private void rescale(float[] from, int at, float[] to) {
    for (int i = 0; i < to.length; i++) {
      to[i] = (float) (slope * from[at + i] + intercept);
    }
  }

  private Affine place(Affine affine) {
    if (spacing.isEmpty()) {
      return affine;
    }
    Spacing is = affine.spacing();
    Spacing shall = spacing.get();
    return affine.compose(
        Affine.scaleTranslate(shall.x() / is.x(), shall.y() / is.y(), shall.z() / is.z(), 0, 0, 0));
  }
}
