package io.t3d.core.model;

import io.t3d.core.volume.Affine;
import java.util.List;

/**
 * The position of a view's visual tokens in the patient: one regular grid per pair.
 *
 * @param depth tokens along z
 * @param height tokens along y
 * @param width tokens along x; {@code N = depth · height · width} in (z, y, x) order
 * @param affines B maps from token index (x, y, z) to the world position in mm of the token's
 *     centre
 */
public record TokenGrid(int depth, int height, int width, List<Affine> affines) {
  /** Copies the list, checks the sizes. */
  public TokenGrid {
    affines = List.copyOf(affines);
    if (depth <= 0 || height <= 0 || width <= 0) {
      throw new IllegalArgumentException(
          "A token grid's sizes must be > 0, got (" + depth + ", " + height + ", " + width + ")");
    }
  }

  /**
   * The grid that evenly divides views of a size into tokens.
   *
   * @param depth tokens along z
   * @param height tokens along y
   * @param width tokens along x
   * @param viewDepth voxels of the view along z
   * @param viewHeight voxels of the view along y
   * @param viewWidth voxels of the view along x
   * @param viewAffines view voxel → world, one per pair
   */
  public static TokenGrid dividing(
      int depth,
      int height,
      int width,
      int viewDepth,
      int viewHeight,
      int viewWidth,
      List<Affine> viewAffines) {
    double sx = (double) viewWidth / width;
    double sy = (double) viewHeight / height;
    double sz = (double) viewDepth / depth;
    // Token i covers the voxels [i·s, (i+1)·s), whose centres run from i·s to (i+1)·s - 1.
    Affine tokenToVoxel =
        Affine.scaleTranslate(sx, sy, sz, (sx - 1) / 2, (sy - 1) / 2, (sz - 1) / 2);
    return new TokenGrid(
        depth, height, width, viewAffines.stream().map(a -> a.compose(tokenToVoxel)).toList());
  }

  /** N, the number of tokens. */
  public int size() {
    return depth * height * width;
  }
}
