package io.t3d.data.transform;

import io.t3d.core.config.Size3;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Volume;
import io.t3d.core.volume.VoxelBox;
import io.t3d.data.io.spi.VolumeFormatException;
import java.io.IOException;
import java.util.Objects;

/**
 * A volume whose voxels may be on disk: only the boxes that views need are read. May be used by
 * many threads.
 */
public interface VolumeSource {
  /** D, H, W. */
  Size3 size();

  /** Voxel (x, y, z) → world mm, RAS+. */
  Affine affine();

  /**
   * Reads a box.
   *
   * @param box inside {@link #bounds()}
   * @return the box's voxels; its affine takes the box's voxel index to the world
   * @throws VolumeFormatException when the stored voxels are damaged
   * @throws IllegalArgumentException when the box reaches over the edge
   */
  Volume read(VoxelBox box) throws IOException;

  /** The whole volume as a box. */
  default VoxelBox bounds() {
    Size3 s = size();
    return new VoxelBox(0, 0, 0, s.depth(), s.height(), s.width());
  }

  /** Reads all of it. */
  default Volume readAll() throws IOException {
    return read(bounds());
  }

  /** Fails when a box reaches over the volume's edge; the check that implementations share. */
  default void requireInside(VoxelBox box) {
    Size3 s = size();
    boolean inside =
        box.z0() >= 0
            && box.y0() >= 0
            && box.x0() >= 0
            && box.z0() <= s.depth() - box.depth()
            && box.y0() <= s.height() - box.height()
            && box.x0() <= s.width() - box.width();
    if (!inside) {
      throw new IllegalArgumentException("A box must lie inside " + bounds() + ", got " + box);
    }
  }

  /** A volume in memory as a source. */
  static VolumeSource of(Volume volume) {
    return new InMemory(volume);
  }

  /**
   * A volume in memory.
   *
   * @param volume the voxels
   */
  record InMemory(Volume volume) implements VolumeSource {
    /** Checks that the volume is there. */
    public InMemory {
      Objects.requireNonNull(volume, "volume");
    }

    @Override
    public Size3 size() {
      return new Size3(volume.depth(), volume.height(), volume.width());
    }

    @Override
    public Affine affine() {
      return volume.affine();
    }

    @Override
    public Volume read(VoxelBox box) {
      requireInside(box);
      return new Crop(box, 0).apply(volume);
    }
  }
}
