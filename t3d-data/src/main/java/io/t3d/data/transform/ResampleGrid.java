package io.t3d.data.transform;

/** Where the voxels of a resampled volume lie: libraries differ here. */
public enum ResampleGrid {
  /** The spacing is met exactly and the scan's centre stays; sizes are rounded. Ours. */
  CENTRE,
  /**
   * The scan's outer corners stay and sizes are rounded down, so that the spacing is met about: a
   * PyTorch {@code interpolate(size=int(n · old / new), align_corners=False)}.
   */
  EXTENT,
  /**
   * As {@link #EXTENT}, of the spacing as the file's header has it, in float32: 80 voxels of 4.1
   * mm, which is 4.0999999 there, are 327 of 1 mm and not 328.
   */
  EXTENT_OF_HEADER,
  /** As {@link #EXTENT}, with sizes rounded to the nearest: {@code size=round(n · old / new)}. */
  EXTENT_NEAREST,
  /**
   * The spacing is met exactly and the first voxel stays; sizes are {@code round((n − 1) · old /
   * new + 1)}: MONAI's {@code Spacing}.
   */
  FIRST_VOXEL
}
