package io.t3d.core.eval;

import io.t3d.core.volume.Spacing;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Distances between the surfaces of two masks. The surface are the voxels of a mask with a face
 * neighbour outside of it (the mask minus its erosion by the 6-neighbourhood, the volume's edge
 * counting as outside), as in MONAI and medpy.
 *
 * <p>Empty masks: {@link #hausdorff95} is NaN when both are empty and infinite when one is, as in
 * MONAI; medpy refuses both.
 */
public final class SurfaceDistances {
  private final double[] forward; // sorted
  private final double[] backward;

  private SurfaceDistances(double[] forward, double[] backward) {
    this.forward = forward;
    this.backward = backward;
  }

  /**
   * Measures.
   *
   * @param predicted {@code D·H·W} in (z, y, x) order
   * @param reference the same size
   * @param depth D
   * @param height H
   * @param width W
   * @param spacing mm per voxel
   * @throws IllegalArgumentException when a mask has another number of voxels
   */
  public static SurfaceDistances between(
      boolean[] predicted, boolean[] reference, int depth, int height, int width, Spacing spacing) {
    if ((long) depth * height * width != predicted.length || predicted.length != reference.length) {
      throw new IllegalArgumentException(
          "Both masks must have D·H·W = "
              + (long) depth * height * width
              + " voxels, got "
              + predicted.length
              + " and "
              + reference.length);
    }
    Box box = Box.around(predicted, reference, new int[] {depth, height, width});
    if (box == null) {
      return new SurfaceDistances(new double[0], new double[0]);
    }
    boolean[] p = DistanceTransform.surface(box.cut(predicted), box.size);
    boolean[] r = DistanceTransform.surface(box.cut(reference), box.size);
    return new SurfaceDistances(
        DistanceTransform.rootsAt(p, DistanceTransform.squared(r, box.size, spacing)),
        DistanceTransform.rootsAt(r, DistanceTransform.squared(p, box.size, spacing)));
  }

  /** The larger of the 95th percentiles of both directions, in mm: MONAI's definition. */
  public double hausdorff95() {
    return hausdorff(95);
  }

  /** The larger of both directions' percentiles; 100 is the Hausdorff distance itself. */
  public double hausdorff(double percentile) {
    if (forward.length == 0 && backward.length == 0) {
      return Double.NaN;
    }
    if (forward.length == 0 || backward.length == 0) {
      return Double.POSITIVE_INFINITY;
    }
    return Math.max(
        Bootstrap.percentile(forward, percentile / 100),
        Bootstrap.percentile(backward, percentile / 100));
  }

  /** The 95th percentile of both directions' distances taken together: medpy's {@code hd95}. */
  public double pooledHausdorff95() {
    if (forward.length == 0 || backward.length == 0) {
      return hausdorff(95);
    }
    double[] all = Arrays.copyOf(forward, forward.length + backward.length);
    System.arraycopy(backward, 0, all, forward.length, backward.length);
    Arrays.sort(all);
    return Bootstrap.percentile(all, 0.95);
  }

  /** The smallest box around both masks; distances need no more. */
  private static final class Box {
    private final int[] from;
    private final int[] size;
    private final int[] full;

    private Box(int[] from, int[] size, int[] full) {
      this.from = from;
      this.size = size;
      this.full = full;
    }

    static @Nullable Box around(boolean[] a, boolean[] b, int[] full) {
      int[] low = full.clone();
      int[] high = {-1, -1, -1};
      for (int i = 0; i < a.length; i++) {
        if (a[i] || b[i]) {
          int[] at = {i / full[2] / full[1], i / full[2] % full[1], i % full[2]};
          for (int axis = 0; axis < 3; axis++) {
            low[axis] = Math.min(low[axis], at[axis]);
            high[axis] = Math.max(high[axis], at[axis]);
          }
        }
      }
      if (high[0] < 0) {
        return null;
      }
      // No margin is needed: beyond the box's edge there is no mask, as beyond the volume's.
      int[] size = new int[3];
      for (int axis = 0; axis < 3; axis++) {
        size[axis] = high[axis] - low[axis] + 1;
      }
      return new Box(low, size, full);
    }

    boolean[] cut(boolean[] mask) {
      boolean[] out = new boolean[size[0] * size[1] * size[2]];
      for (int z = 0; z < size[0]; z++) {
        for (int y = 0; y < size[1]; y++) {
          int at = ((z + from[0]) * full[1] + y + from[1]) * full[2] + from[2];
          System.arraycopy(mask, at, out, (z * size[1] + y) * size[2], size[2]);
        }
      }
      return out;
    }
  }
}
