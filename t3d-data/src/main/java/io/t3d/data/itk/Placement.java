package io.t3d.data.itk;

import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Spacing;
import io.t3d.data.io.spi.VolumeFormatException;
import java.nio.file.Path;

/** An affine as a file gives it, refused where no scanner could have made it. */
final class Placement {
  /** Voxel sizes outside of this range (mm) are taken for a broken header. */
  private static final double MIN_SPACING = 1e-9;

  private static final double MAX_SPACING = 1e9;

  private Placement() {}

  /** Voxel → RAS mm, from its rows {@code (3, 4)}. */
  static Affine of(Path file, double[] rows) throws VolumeFormatException {
    try {
      Affine affine = Affine.of(rows);
      Spacing s = affine.spacing();
      for (double mm : new double[] {s.x(), s.y(), s.z()}) {
        if (mm < MIN_SPACING || mm > MAX_SPACING) {
          throw new VolumeFormatException(
              file, "its header gives an impossible voxel spacing of " + mm + " mm");
        }
      }
      return affine;
    } catch (IllegalArgumentException e) {
      throw new VolumeFormatException(file, "bad geometry: " + e.getMessage(), e);
    }
  }
}
