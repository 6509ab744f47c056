package io.t3d.core.volume;

import java.util.Objects;

/**
 * A 3D scan: float32 voxels and the affine that maps them to patient coordinates.
 *
 * <p>The voxel array is shared, not copied: whoever changes it changes the volume. CT is in
 * Hounsfield units until an intensity window has been applied.
 */
public final class Volume {
  private final float[] voxels;
  private final int depth;
  private final int height;
  private final int width;
  private final Affine affine;

  /**
   * Wraps voxels as a volume.
   *
   * @param voxels {@code D·H·W} values in (z, y, x) order, x fastest
   * @param depth D &gt; 0
   * @param height H &gt; 0
   * @param width W &gt; 0
   * @param affine voxel (x, y, z) → world mm, RAS+
   * @throws IllegalArgumentException when a size is not positive or the array's length differs
   */
  public Volume(float[] voxels, int depth, int height, int width, Affine affine) {
    this.voxels = Objects.requireNonNull(voxels, "voxels");
    this.affine = Objects.requireNonNull(affine, "affine");
    if (depth <= 0 || height <= 0 || width <= 0) {
      throw new IllegalArgumentException(
          "A volume's sizes must be > 0, got (D, H, W) = ("
              + depth
              + ", "
              + height
              + ", "
              + width
              + ")");
    }
    if ((long) depth * height * width != voxels.length) {
      throw new IllegalArgumentException(
          "A volume of (D, H, W) = ("
              + depth
              + ", "
              + height
              + ", "
              + width
              + ") has "
              + (long) depth * height * width
              + " voxels, got "
              + voxels.length);
    }
    this.depth = depth;
    this.height = height;
    this.width = width;
  }

  /** The voxels themselves, in (z, y, x) order; not a copy. */
  public float[] voxels() {
    return voxels;
  }

  /** D, the number of slices. */
  public int depth() {
    return depth;
  }

  /** H, the number of rows. */
  public int height() {
    return height;
  }

  /** W, the number of columns. */
  public int width() {
    return width;
  }

  /** Voxel (x, y, z) → world mm, RAS+. */
  public Affine affine() {
    return affine;
  }

  /** Distance between neighbouring voxels in mm. */
  public Spacing spacing() {
    return affine.spacing();
  }

  /** The axis codes of x, y and z, e.g. {@code RAS}. */
  public String orientation() {
    return affine.orientation();
  }

  /** The position of a voxel in {@link #voxels()}. */
  public int index(int z, int y, int x) {
    return (z * height + y) * width + x;
  }

  /** The value of a voxel. */
  public float get(int z, int y, int x) {
    return voxels[index(z, y, x)];
  }

  /** The whole volume as a box. */
  public VoxelBox bounds() {
    return new VoxelBox(0, 0, 0, depth, height, width);
  }

  /** A volume of the same geometry with other voxels. */
  public Volume withVoxels(float[] newVoxels) {
    return new Volume(newVoxels, depth, height, width, affine);
  }

  @Override
  public String toString() {
    return "Volume(D, H, W) = ("
        + depth
        + ", "
        + height
        + ", "
        + width
        + "), "
        + spacing()
        + ", "
        + orientation();
  }
}
