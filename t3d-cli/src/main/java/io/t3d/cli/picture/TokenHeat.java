package io.t3d.cli.picture;

import io.t3d.core.model.TokenGrid;
import io.t3d.core.volume.Volume;

/**
 * Values of visual tokens as heat over the volume that the encoder saw.
 *
 * @param scaled one value per voxel, that of its token, in [0, 1]
 * @param low what 0 stands for
 * @param high what 1 stands for
 */
public record TokenHeat(Volume scaled, float low, float high) {
  /**
   * Scales the values of a grid's tokens to [0, 1].
   *
   * @param like the volume that the tokens divide
   * @param values one per token, in the grid's order
   */
  public static TokenHeat of(Volume like, TokenGrid grid, float[] values) {
    float low = Float.POSITIVE_INFINITY;
    float high = Float.NEGATIVE_INFINITY;
    for (float v : values) {
      low = Math.min(low, v);
      high = Math.max(high, v);
    }
    float[] scaled = new float[values.length];
    for (int i = 0; i < scaled.length; i++) {
      scaled[i] = (values[i] - low) / Math.max(high - low, 1e-9f);
    }
    return new TokenHeat(spread(like, grid, scaled), low, high);
  }

  /** Each voxel gets the value of its token's region. */
  public static Volume spread(Volume like, TokenGrid grid, float[] values) {
    float[] voxels = new float[like.voxels().length];
    int at = 0;
    for (int z = 0; z < like.depth(); z++) {
      int tz = z * grid.depth() / like.depth();
      for (int y = 0; y < like.height(); y++) {
        int ty = y * grid.height() / like.height();
        for (int x = 0; x < like.width(); x++) {
          int tx = x * grid.width() / like.width();
          voxels[at++] = values[(tz * grid.height() + ty) * grid.width() + tx];
        }
      }
    }
    return new Volume(voxels, like.depth(), like.height(), like.width(), like.affine());
  }
}
