package io.t3d.data.transform;

/**
 * Interpolation method for values between voxel centres. Beyond the outermost centres the edge goes
 * on.
 */
public enum Interpolation {
  /** The closest voxel, the upper one when halfway: for masks and labels. */
  NEAREST,
  /**
   * Trilinear. When shrinking by more than 2 it skips voxels, so thin structures can vanish and
   * noise stays.
   */
  LINEAR,
  /**
   * Trilinear when enlarging; when shrinking the triangle is widened to the step, so every voxel
   * counts (as PIL and torch do with {@code antialias=True}).
   */
  LINEAR_ANTIALIASED
}
