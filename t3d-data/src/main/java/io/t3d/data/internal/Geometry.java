package io.t3d.data.internal;

import io.t3d.core.config.Size3;
import io.t3d.core.volume.Affine;

/** Compares where affines place a grid of voxels. */
public final class Geometry {
  private Geometry() {}

  /**
   * How far a corner of the grid moves at most along one of its axes when another affine places it.
   *
   * @param size D, H, W of the grid
   * @param affine voxel (x, y, z) → mm
   * @param other another
   * @return in voxels of {@code affine}; 0 when both place the grid alike
   */
  public static double cornerShift(Size3 size, Affine affine, Affine other) {
    Affine toVoxel = affine.inverse().compose(other);
    double most = 0;
    for (int corner = 0; corner < 8; corner++) {
      double x = (corner & 1) * (size.width() - 1.0);
      double y = (corner >> 1 & 1) * (size.height() - 1.0);
      double z = (corner >> 2) * (size.depth() - 1.0);
      double[] at = toVoxel.apply(x, y, z);
      most = Math.max(most, Math.abs(at[0] - x));
      most = Math.max(most, Math.abs(at[1] - y));
      most = Math.max(most, Math.abs(at[2] - z));
    }
    return most;
  }
}
