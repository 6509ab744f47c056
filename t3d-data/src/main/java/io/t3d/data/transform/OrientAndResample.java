package io.t3d.data.transform;

import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Spacing;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.VolumeReaders;
import io.t3d.data.io.spi.SliceSink;
import io.t3d.data.transform.AxisResampler.Axis;
import io.t3d.data.transform.Reorient.AxisMap;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * {@link Reorient}, {@link Resample} and {@link IntensityWindow} in one pass, with the same result.
 * {@link #read} does so while the file is read: neither the source nor anything but the result is
 * in memory as a whole, unless axes are permuted.
 *
 * @param orientation axis codes of the result, e.g. {@code RAS}; else the volume's
 * @param spacing mm per voxel of the result along its axes z, y, x; else the volume's
 * @param interpolation {@link Interpolation#NEAREST} for masks
 * @param window maps values to [0, 1]; else they are kept
 * @param grid where the voxels of another spacing lie
 */
public record OrientAndResample(
    Optional<String> orientation,
    Optional<Spacing> spacing,
    Interpolation interpolation,
    Optional<IntensityWindow> window,
    ResampleGrid grid)
    implements Transform {
  /** Checks the orientation. */
  public OrientAndResample {
    Objects.requireNonNull(spacing, "spacing");
    Objects.requireNonNull(interpolation, "interpolation");
    Objects.requireNonNull(window, "window");
    Objects.requireNonNull(grid, "grid");
    orientation = orientation.map(codes -> new Reorient(codes).codes());
  }

  /** About the scan's centre. */
  public OrientAndResample(
      Optional<String> orientation,
      Optional<Spacing> spacing,
      Interpolation interpolation,
      Optional<IntensityWindow> window) {
    this(orientation, spacing, interpolation, window, ResampleGrid.CENTRE);
  }

  /** Trilinear, values kept. */
  public OrientAndResample(String orientation, Spacing spacing) {
    this(Optional.of(orientation), Optional.of(spacing), Interpolation.LINEAR, Optional.empty());
  }

  @Override
  public Volume apply(Volume v) {
    AxisMap map = axisMap(v.affine());
    if (map.permutes()) {
      return apply(new Reorient(orientation.orElseThrow()).apply(v));
    }
    if (map.isIdentity() && spacing.isEmpty() && window.isEmpty()) {
      return v;
    }
    Slices slices = slices();
    slices.begin(v.depth(), v.height(), v.width(), v.affine());
    for (int z = 0; z < v.depth(); z++) {
      slices.slice(z, v.voxels(), v.index(z, 0, 0));
    }
    return slices.volume();
  }

  /**
   * Reads a file and applies this to it.
   *
   * @throws IOException as {@link VolumeReaders#read(Path)}
   */
  public Volume read(Path file) throws IOException {
    Slices slices = slices();
    VolumeReaders.read(file, slices);
    return slices.volume();
  }

  /** Applies this to one volume that comes slice by slice. */
  public Slices slices() {
    return new Slices(this);
  }

  private AxisMap axisMap(Affine affine) {
    String from = affine.orientation();
    return new Reorient(orientation.orElse(from)).mapFrom(from);
  }

  /** Takes the slices of one volume; {@link #volume} is the result. */
  public static final class Slices implements SliceSink {
    private final OrientAndResample steps;
    private @Nullable Volume source; // kept only when axes are permuted; then the rest is null
    private @Nullable SliceResampler resampler;
    private Axis @Nullable [] axes;
    private @Nullable Affine flipped;

    private Slices(OrientAndResample steps) {
      this.steps = steps;
    }

    @Override
    public void begin(int depth, int height, int width, Affine affine) {
      AxisMap map = steps.axisMap(affine);
      if (map.permutes()) {
        float[] voxels = new float[Math.multiplyExact(Math.multiplyExact(depth, height), width)];
        source = new Volume(voxels, depth, height, width, affine);
        return;
      }
      Spacing old = affine.spacing();
      Spacing wanted = steps.spacing.orElse(old);
      axes = Resampling.axes(depth, height, width, old, wanted, steps.grid);
      for (int a = 0; a < 3; a++) {
        axes[a] = axes[a].withFlip(map.flip[2 - a]);
      }
      flipped = affine.compose(map.newToOld(new int[] {width, height, depth}));
      resampler = Resampling.plan(axes, steps.interpolation, steps.window.orElse(null));
    }

    @Override
    public void slice(int z, float[] voxels, int at) {
      if (source == null) {
        resampler.add(z, voxels, at);
      } else {
        int plane = source.height() * source.width();
        System.arraycopy(voxels, at, source.voxels(), z * plane, plane);
      }
    }

    /** The result, once all slices have come. */
    public Volume volume() {
      return source == null ? Resampling.volume(resampler, axes, flipped) : steps.apply(source);
    }
  }
}
