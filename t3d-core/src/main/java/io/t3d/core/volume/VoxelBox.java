package io.t3d.core.volume;

/**
 * A box of voxels: first corner and size, in (z, y, x) order. The corner may be negative and the
 * box may reach over the volume's edge: a crop pads there.
 *
 * @param z0 first slice
 * @param y0 first row
 * @param x0 first column
 * @param depth slices, &gt; 0
 * @param height rows, &gt; 0
 * @param width columns, &gt; 0
 */
public record VoxelBox(int z0, int y0, int x0, int depth, int height, int width) {
  /** Checks that the box is not empty. */
  public VoxelBox {
    if (depth <= 0 || height <= 0 || width <= 0) {
      throw new IllegalArgumentException(
          "A box's size must be > 0, got (" + depth + ", " + height + ", " + width + ")");
    }
  }

  /** Number of voxels. */
  public long size() {
    return (long) depth * height * width;
  }
}
