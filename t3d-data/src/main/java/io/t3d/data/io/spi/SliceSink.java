package io.t3d.data.io.spi;

import io.t3d.core.volume.Affine;

/**
 * Receives a volume slice by slice while it is read, so that it need not fit in memory as a whole.
 */
public interface SliceSink {
  /**
   * Called once, before the first slice.
   *
   * @param affine voxel (x, y, z) → world mm, RAS+
   */
  void begin(int depth, int height, int width, Affine affine);

  /**
   * Takes the next slice, z = 0 first.
   *
   * @param z its index
   * @param voxels holds the slice {@code (H, W)} from {@code at} on; valid during the call only
   */
  void slice(int z, float[] voxels, int at);
}
