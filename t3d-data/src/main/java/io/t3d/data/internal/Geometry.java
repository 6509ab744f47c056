package io.t3d.data.internal;

import io.t3d.core.config.Size3;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Spacing;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/** Where affines place a grid of voxels, and whether a scanner could have made it. */
public final class Geometry {
  /** Finer than micro-CT, in mm. */
  public static final double FINEST = 0.01;

  /** Coarser than any scan, in mm. */
  public static final double COARSEST = 100;

  private Geometry() {}

  /**
   * How far a corner of the grid moves at most along one of its axes when another affine places it.
   *
   * @param size D, H, W of the grid
   * @param affine voxel (x, y, z) → mm
   * @param other another
   * @return in voxels of {@code affine}; 0 when both place the grid alike
   */
  public static double cornerShift(Size3 size, Affine affine, Affine other) {
    Affine toVoxel = affine.inverse().compose(other);
    double most = 0;
    for (int corner = 0; corner < 8; corner++) {
      double x = (corner & 1) * (size.width() - 1.0);
      double y = (corner >> 1 & 1) * (size.height() - 1.0);
      double z = (corner >> 2) * (size.depth() - 1.0);
      double[] at = toVoxel.apply(x, y, z);
      most = Math.max(most, Math.abs(at[0] - x));
      most = Math.max(most, Math.abs(at[1] - y));
      most = Math.max(most, Math.abs(at[2] - z));
    }
    return most;
  }

  /**
   * What is wrong with the size of a volume's voxels: no scanner makes them smaller than 0.01 mm or
   * larger than 100 mm, but wrong units do.
   *
   * @param affine voxel → mm
   * @return a text that goes on after "the header"; empty when the size is possible
   */
  public static Optional<String> sizeProblem(Affine affine) {
    Spacing s = affine.spacing();
    double[] mm = {s.x(), s.y(), s.z()};
    if (within(mm, 1)) {
      return Optional.empty();
    }
    return Optional.of(
        "gives voxels of "
            + Arrays.stream(mm).mapToObj(Geometry::shortly).collect(Collectors.joining(" x "))
            + " mm, expected 0.01 to 100 mm; "
            + likelyUnit(mm));
  }

  private static String likelyUnit(double[] mm) {
    if (within(mm, 1000)) {
      return "likely the numbers are metres where the header says mm, or mm where it says microns";
    }
    return within(mm, 0.001)
        ? "likely the numbers are microns where the header says mm, or mm where it says metres"
        : "is its unit right?";
  }

  private static String shortly(double mm) {
    return mm > 1e-6 && mm < 1e9
        ? new BigDecimal(mm).round(new MathContext(4)).stripTrailingZeros().toPlainString()
        : String.format(Locale.ROOT, "%.3g", mm);
  }

  private static boolean within(double[] mm, double factor) {
    for (double v : mm) {
      if (!(v * factor >= FINEST && v * factor <= COARSEST)) {
        return false;
      }
    }
    return true;
  }
}
