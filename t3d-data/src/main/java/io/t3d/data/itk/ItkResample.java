package io.t3d.data.itk;

import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Spacing;
import io.t3d.core.volume.Volume;
import io.t3d.data.itk.internal.read.ItkMemory;
import io.t3d.data.itk.preset.T3dItk;
import io.t3d.data.transform.Transform;
import io.t3d.data.transform.internal.AxisCodes;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Objects;

/**
 * Reorients and resamples a volume in one ITK pass, where {@code Reorient} and {@code Resample}
 * take two. The grid of the result is theirs: the same size, affine and, up to rounding, voxels.
 *
 * <pre>{@code
 * output voxel p  →  input voxel R·(S·p + o)      R turns and flips axes, S = new / old spacing
 * }</pre>
 *
 * <p>Differs from {@code Resample}: linear does not smooth when shrinking ({@code
 * LINEAR_ANTIALIASED} has no counterpart), and cubic exists here only.
 *
 * @param codes one letter per axis in (x, y, z) order, e.g. {@code RAS}
 * @param spacing mm per voxel along the axes of the result
 * @param kernel how to interpolate
 */
public record ItkResample(String codes, Spacing spacing, Kernel kernel) implements Transform {
  private static final long MOST_VOXELS = Integer.MAX_VALUE - 8L;

  /** How ITK interpolates. */
  public enum Kernel {
    /** The nearest voxel: for masks. */
    NEAREST(T3dItk.T3D_ITK_NEAREST),
    /** Trilinear. */
    LINEAR(T3dItk.T3D_ITK_LINEAR),
    /** Cubic B-spline, through the voxels; it can overshoot at edges. */
    CUBIC(T3dItk.T3D_ITK_CUBIC);

    private final int code;

    Kernel(int code) {
      this.code = code;
    }
  }

  /** Checks that each of the three directions is named once. */
  public ItkResample {
    Objects.requireNonNull(spacing, "spacing");
    Objects.requireNonNull(kernel, "kernel");
    codes = AxisCodes.checked(codes);
  }

  /**
   * {@inheritDoc}
   *
   * @throws UncheckedIOException when ITK's natives are not on the class path
   */
  @Override
  public Volume apply(Volume v) {
    Grid grid = grid(v);
    try {
      float[] voxels =
          ItkMemory.resample(
              v, new int[] {grid.width, grid.height, grid.depth}, grid.outputToInput, kernel.code);
      return new Volume(
          voxels, grid.depth, grid.height, grid.width, v.affine().compose(grid.outputToInput));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private record Grid(int width, int height, int depth, Affine outputToInput) {}

  private Grid grid(Volume v) {
    String from = v.orientation();
    int[] oldSize = {v.width(), v.height(), v.depth()};
    double[] oldSpacing = {v.spacing().x(), v.spacing().y(), v.spacing().z()};
    double[] newSpacing = {spacing.x(), spacing.y(), spacing.z()};
    long[] size = new long[3];
    double[] rows = new double[12];
    for (int axis = 0; axis < 3; axis++) {
      int old = AxisCodes.axisAlong(from, codes.charAt(axis));
      double step = step(newSpacing[axis], oldSpacing[old]);
      size[axis] = Math.max(1, Math.round(oldSize[old] / step));
      double origin = (oldSize[old] - 1) / 2.0 - (size[axis] - 1) / 2.0 * step;
      boolean flip = from.charAt(old) != codes.charAt(axis);
      rows[4 * old + axis] = flip ? -step : step;
      rows[4 * old + 3] = flip ? oldSize[old] - 1 - origin : origin;
    }
    if ((double) size[0] * size[1] * size[2] > MOST_VOXELS) {
      throw new IllegalArgumentException(
          "Resampling "
              + v
              + " to "
              + spacing
              + " needs more than "
              + MOST_VOXELS
              + " voxels; is the spacing of the file or of the config in mm?");
    }
    return new Grid((int) size[0], (int) size[1], (int) size[2], Affine.of(rows));
  }

  /** Spacings that differ only by float32 rounding of the header count as equal. */
  private static double step(double wanted, double old) {
    double step = wanted / old;
    return Math.abs(step - 1) < 1e-6 ? 1 : step;
  }
}
