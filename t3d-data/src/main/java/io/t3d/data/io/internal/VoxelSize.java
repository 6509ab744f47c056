package io.t3d.data.io.internal;

import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Spacing;
import java.math.BigDecimal;
import java.math.MathContext;
import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/** Checks whether a voxel size is plausible for a scanner; shared by all readers. */
public final class VoxelSize {
  /** Finer than micro-CT, in mm. */
  private static final double FINEST = 0.01;

  /** Coarser than any scan, in mm. */
  private static final double COARSEST = 100;

  private VoxelSize() {}

  /**
   * What is wrong with the size of a volume's voxels: no scanner makes them smaller than 0.01 mm or
   * larger than 100 mm, but wrong units do.
   *
   * @param affine voxel → mm
   * @return a text that goes on after "the header"; empty when the size is possible
   */
  public static Optional<String> problem(Affine affine) {
    Spacing s = affine.spacing();
    double[] mm = {s.x(), s.y(), s.z()};
    if (within(mm, 1)) {
      return Optional.empty();
    }
    return Optional.of(
        "gives voxels of "
            + Arrays.stream(mm).mapToObj(VoxelSize::shortly).collect(Collectors.joining(" x "))
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
