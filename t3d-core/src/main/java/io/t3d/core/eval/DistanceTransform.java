package io.t3d.core.eval;

import io.t3d.core.volume.Spacing;
import java.util.Arrays;

/**
 * The exact Euclidean distance of every voxel to the nearest marked one, in mm.
 *
 * <p>Felzenszwalb and Huttenlocher 2012, "Distance Transforms of Sampled Functions": per axis the
 * lower envelope of parabolas, linear in the number of voxels, here with the spacing of each axis.
 */
final class DistanceTransform {
  private DistanceTransform() {}

  /**
   * Squared distances.
   *
   * @param marked {@code D·H·W} in (z, y, x) order
   * @param size (D, H, W)
   * @param spacing mm per voxel
   * @return squared mm; infinite where nothing is marked at all
   */
  static double[] squared(boolean[] marked, int[] size, Spacing spacing) {
    double[] f = new double[marked.length];
    for (int i = 0; i < f.length; i++) {
      f[i] = marked[i] ? 0 : Double.POSITIVE_INFINITY;
    }
    int plane = size[1] * size[2];
    Line x = new Line(size[2], spacing.x());
    for (int start = 0; start < f.length; start += size[2]) {
      x.transform(f, start, 1);
    }
    Line y = new Line(size[1], spacing.y());
    Line z = new Line(size[0], spacing.z());
    for (int column = 0; column < size[2]; column++) {
      for (int slice = 0; slice < size[0]; slice++) {
        y.transform(f, slice * plane + column, size[2]);
      }
    }
    for (int start = 0; start < plane; start++) {
      z.transform(f, start, plane);
    }
    return f;
  }

  /** The transform of one line, its buffers used again for the next. */
  private static final class Line {
    private final double step;
    private final double[] g;
    private final int[] apex; // of the parabolas of the envelope
    private final double[] border; // where parabola k begins, in voxels

    Line(int n, double step) {
      this.step = step;
      g = new double[n];
      apex = new int[n];
      border = new double[n + 1];
    }

    void transform(double[] f, int start, int stride) {
      int n = g.length;
      for (int i = 0; i < n; i++) {
        g[i] = f[start + i * stride];
      }
      int last = envelope();
      if (last < 0) {
        return; // nothing marked on this line: all stay infinite
      }
      int k = 0;
      for (int i = 0; i < n; i++) {
        while (border[k + 1] < i) {
          k++;
        }
        double d = (i - apex[k]) * step;
        f[start + i * stride] = d * d + g[apex[k]];
      }
    }

    /** Builds the envelope; the index of its last parabola, -1 for none. */
    private int envelope() {
      int k = -1;
      for (int q = 0; q < g.length; q++) {
        if (g[q] == Double.POSITIVE_INFINITY) {
          continue;
        }
        double s = Double.NEGATIVE_INFINITY;
        while (k >= 0) {
          s = crossing(apex[k], q);
          if (s > border[k]) {
            break;
          }
          k--;
        }
        k++;
        apex[k] = q;
        border[k] = k == 0 ? Double.NEGATIVE_INFINITY : s;
        border[k + 1] = Double.POSITIVE_INFINITY;
      }
      return k;
    }

    /** Where the parabola of q comes below that of p, p before q. */
    private double crossing(int p, int q) {
      double rise = (g[q] - g[p]) / (step * step);
      return (rise + (double) q * q - (double) p * p) / (2.0 * (q - p));
    }
  }

  /**
   * Whether each voxel of a mask has a face neighbour outside of it; beyond the edge is outside.
   */
  static boolean[] surface(boolean[] mask, int[] size) {
    boolean[] out = new boolean[mask.length];
    int w = size[2];
    int plane = size[1] * w;
    for (int i = 0; i < mask.length; i++) {
      if (mask[i]) {
        int x = i % w;
        int y = i % plane / w;
        int z = i / plane;
        boolean inside =
            x > 0
                && x < w - 1
                && y > 0
                && y < size[1] - 1
                && z > 0
                && z < size[0] - 1
                && mask[i - 1]
                && mask[i + 1]
                && mask[i - w]
                && mask[i + w]
                && mask[i - plane]
                && mask[i + plane];
        out[i] = !inside;
      }
    }
    return out;
  }

  /** The values at marked voxels, square roots taken, sorted. */
  static double[] rootsAt(boolean[] marked, double[] squared) {
    double[] out = new double[marked.length];
    int n = 0;
    for (int i = 0; i < marked.length; i++) {
      if (marked[i]) {
        out[n++] = Math.sqrt(squared[i]);
      }
    }
    double[] found = Arrays.copyOf(out, n);
    Arrays.sort(found);
    return found;
  }
}
