package io.t3d.data.itk.internal.check;

import io.t3d.core.config.Size3;
import io.t3d.core.volume.Affine;
import io.t3d.data.internal.Geometry;
import io.t3d.data.io.spi.VolumeFormatException;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;

/**
 * The image described by a file's header, once the file is known to hold its data.
 *
 * @param affine where it is known without ITK: voxel → RAS mm
 */
public record ClaimedImage(
    RawType type, int width, int height, int depth, Optional<Affine> affine) {
  public ClaimedImage(RawType type, int width, int height, int depth) {
    this(type, width, height, depth, Optional.empty());
  }

  public boolean sameGrid(ClaimedImage other) {
    return type == other.type
        && width == other.width
        && height == other.height
        && depth == other.depth;
  }

  /** Fails when ITK places a corner more than a hundredth of a voxel elsewhere. */
  public void requirePlaced(Path path, Affine itk) throws VolumeFormatException {
    if (affine.isEmpty()) {
      return;
    }
    double shift = Geometry.cornerShift(new Size3(depth, height, width), affine.get(), itk);
    if (!(shift <= 0.01)) {
      throw new VolumeFormatException(
          path,
          String.format(
              Locale.ROOT,
              "ITK places a corner of this volume %.4g voxels from where its header puts it"
                  + " (sform, else qform, else pixdim); read it with NiftiReader, or make sform"
                  + " and qform agree",
              shift));
    }
  }

  public long voxels() {
    return (long) width * height * depth;
  }

  @Override
  public String toString() {
    return width + " x " + height + " x " + depth + " " + type.label();
  }
}
