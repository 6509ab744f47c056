package io.t3d.core.task.segment;

import io.t3d.core.volume.Volume;

/**
 * A volume and its mask after the same preparation.
 *
 * @param volume intensities as the encoder saw them in pre-training
 * @param mask on the same voxels; whole values 0..255 as {@link SegmentationClass} names them
 */
public record SegmentationCase(Volume volume, Volume mask) {
  /** Checks that both have one size. */
  public SegmentationCase {
    if (volume.depth() != mask.depth()
        || volume.height() != mask.height()
        || volume.width() != mask.width()) {
      throw new IllegalArgumentException(
          "A mask must be on the voxels of its volume, got "
              + mask
              + " for "
              + volume
              + "; prepare both alike, see Preprocessing.applyToMask");
    }
  }
}
