package io.t3d.data.transform;

import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Spacing;
import io.t3d.core.volume.Volume;
import io.t3d.data.transform.AxisResampler.Axis;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/** Plans of separable resampling, axes in (z, y, x) order, that the transforms share. */
final class Resampling {
  /** Spacings are told so exactly; what a header's float32 has beyond is rounding. */
  private static final double MM = 1e-6;

  private static final long MAX_VOXELS = Integer.MAX_VALUE - 8L;

  private Resampling() {}

  /** The axes of a volume that is brought to a spacing; see {@link Resample}. */
  static Axis[] axes(int depth, int height, int width, Spacing old, Spacing wanted) {
    return axes(depth, height, width, old, wanted, ResampleGrid.CENTRE);
  }

  /** The same with voxels where a grid has them. */
  static Axis[] axes(
      int depth, int height, int width, Spacing old, Spacing wanted, ResampleGrid grid) {
    return new Axis[] {
      axis(depth, old.z(), wanted.z(), grid),
      axis(height, old.y(), wanted.y(), grid),
      axis(width, old.x(), wanted.x(), grid)
    };
  }

  private static Axis axis(int n, double old, double wanted, ResampleGrid grid) {
    double ratio = wanted / old;
    // Spacings that differ only by float32 rounding of the header count as equal.
    double step = Math.abs(ratio - 1) < 1e-6 ? 1 : ratio;
    if (grid == ResampleGrid.EXTENT) {
      // In this order, and of the spacing as a table has it: 300 voxels of 0.7 mm are 279 of 0.75.
      int size = bounded(Math.floor(n * (Math.rint(old / MM) * MM / wanted)));
      return new Axis(n, size, (double) n / size, false);
    }
    if (grid == ResampleGrid.EXTENT_OF_HEADER) {
      int size = bounded(Math.floor(n * (old / wanted)));
      return new Axis(n, size, (double) n / size, false);
    }
    if (grid == ResampleGrid.EXTENT_NEAREST) {
      int size = bounded(Math.rint(n / step));
      return new Axis(n, size, (double) n / size, false);
    }
    if (grid == ResampleGrid.FIRST_VOXEL) {
      return new Axis(n, bounded(Math.rint((n - 1) / step + 1)), step, false, 0);
    }
    int size = (int) Math.min(Math.max(1, Math.round(n / step)), Integer.MAX_VALUE);
    return new Axis(n, size, step, false);
  }

  private static int bounded(double size) {
    return (int) Math.min(Math.max(1, size), Integer.MAX_VALUE);
  }

  /** Resamples, or returns the volume itself when the axes leave it as it is. */
  static Volume apply(Volume v, Axis[] axes, Interpolation interpolation) {
    if (Arrays.stream(axes).allMatch(Axis::leavesVoxelsInPlace)) {
      return v;
    }
    SliceResampler resampler = plan(axes, interpolation, null);
    for (int z = 0; z < v.depth(); z++) {
      resampler.add(z, v.voxels(), v.index(z, 0, 0));
    }
    return volume(resampler, axes, v.affine());
  }

  /** A resampler for the axes, whose result is checked to fit one array. */
  static SliceResampler plan(
      Axis[] axes, Interpolation interpolation, @Nullable IntensityWindow window) {
    double plane = (double) axes[1].outputSize() * axes[2].outputSize();
    double lines = (double) axes[1].inputSize() * axes[2].outputSize();
    if (Math.max(lines, axes[0].outputSize() * plane) > MAX_VOXELS) {
      throw new IllegalArgumentException(
          "Resampling a volume of (D, H, W) = "
              + sizes(axes, true)
              + " to "
              + sizes(axes, false)
              + " needs more than "
              + MAX_VOXELS
              + " voxels; is the spacing of the file or of the config in mm?");
    }
    return new SliceResampler(axes, interpolation, window);
  }

  /**
   * The resampler's result.
   *
   * @param affine of the input, after its flips
   */
  static Volume volume(SliceResampler resampler, Axis[] axes, Affine affine) {
    Affine outputToInput =
        Affine.scaleTranslate(
            axes[2].step(),
            axes[1].step(),
            axes[0].step(),
            axes[2].origin(),
            axes[1].origin(),
            axes[0].origin());
    return new Volume(
        resampler.result(),
        axes[0].outputSize(),
        axes[1].outputSize(),
        axes[2].outputSize(),
        affine.compose(outputToInput));
  }

  private static String sizes(Axis[] axes, boolean input) {
    int[] n = Arrays.stream(axes).mapToInt(a -> input ? a.inputSize() : a.outputSize()).toArray();
    return "(" + n[0] + ", " + n[1] + ", " + n[2] + ")";
  }
}
