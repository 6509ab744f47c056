package io.t3d.cli.benchmark.measure;

import io.t3d.core.volume.Volume;

/** How a marked region is spread over a grid of tokens that divides the volume evenly. */
public final class TokenShares {
  private TokenShares() {}

  /**
   * The share of the voxels of a value that lies in each token's region; a voxel on a border counts
   * for both sides, by its parts.
   *
   * @param mask on the volume's own voxels, in the orientation of the views
   * @param value what is marked
   * @param grid tokens along z, y, x
   * @return N shares in (z, y, x) order: their sum is 1, or all are 0 when nothing is marked
   */
  public static double[] of(Volume mask, int value, int[] grid) {
    double[][] z = parts(mask.depth(), grid[0]);
    double[][] y = parts(mask.height(), grid[1]);
    double[][] x = parts(mask.width(), grid[2]);
    double[] shares = new double[grid[0] * grid[1] * grid[2]];
    float[] voxels = mask.voxels();
    int marked = 0;
    int at = 0;
    for (int d = 0; d < mask.depth(); d++) {
      for (int h = 0; h < mask.height(); h++) {
        for (int w = 0; w < mask.width(); w++) {
          if (Math.round(voxels[at++]) == value) {
            marked++;
            add(shares, z[d], y[h], x[w]);
          }
        }
      }
    }
    for (int n = 0; n < shares.length && marked > 0; n++) {
      shares[n] /= marked;
    }
    return shares;
  }

  private static void add(double[] shares, double[] z, double[] y, double[] x) {
    int at = 0;
    for (double pz : z) {
      for (double py : y) {
        for (double px : x) {
          shares[at++] += pz * py * px;
        }
      }
    }
  }

  /** {@code [voxel][token]}: which part of a voxel lies in a token. */
  private static double[][] parts(int voxels, int tokens) {
    double[][] parts = new double[voxels][tokens];
    double size = (double) voxels / tokens;
    for (int i = 0; i < voxels; i++) {
      for (int k = 0; k < tokens; k++) {
        parts[i][k] = Math.max(0, Math.min(i + 1, (k + 1) * size) - Math.max(i, k * size));
      }
    }
    return parts;
  }

  /** How many voxels have a value. */
  public static int count(Volume mask, int value) {
    int marked = 0;
    for (float v : mask.voxels()) {
      marked += Math.round(v) == value ? 1 : 0;
    }
    return marked;
  }
}
