package io.t3d.core.volume;

import java.util.Objects;

/**
 * A crop of a volume together with its augmentation: the input of the visual encoder.
 *
 * @param kind whether the crop is large or small
 * @param crop the voxels as the encoder gets them; its affine takes the <b>view's</b> voxel index
 *     to the world, so it already holds the crop's offset, resizing and flips
 * @param box where the crop was taken, in voxels of the source volume
 */
public record View(Kind kind, Volume crop, VoxelBox box) {
  /** Size class of a view. */
  public enum Kind {
    /** A large crop that shows most of the volume. */
    GLOBAL,
    /** A small crop that shows detail. */
    LOCAL
  }

  /** Checks that nothing is missing. */
  public View {
    Objects.requireNonNull(kind, "kind");
    Objects.requireNonNull(crop, "crop");
    Objects.requireNonNull(box, "box");
  }
}
