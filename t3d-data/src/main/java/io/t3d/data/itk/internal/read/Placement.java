package io.t3d.data.itk.internal.read;

import io.t3d.core.volume.Affine;
import io.t3d.data.io.internal.VoxelSize;
import io.t3d.data.io.spi.VolumeFormatException;
import java.nio.file.Path;
import java.util.Optional;

/** An affine as a file gives it, refused where no scanner could have made it. */
public final class Placement {
  private Placement() {}

  /** Voxel → RAS mm, from its rows {@code (3, 4)}. */
  public static Affine of(Path file, double[] rows) throws VolumeFormatException {
    try {
      Affine affine = Affine.of(rows);
      Optional<String> impossible = VoxelSize.problem(affine);
      if (impossible.isPresent()) {
        throw new VolumeFormatException(file, "its header " + impossible.get());
      }
      return affine;
    } catch (IllegalArgumentException e) {
      throw new VolumeFormatException(file, "bad geometry: " + e.getMessage(), e);
    }
  }
}
