package io.t3d.data.transform;

import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Volume;

/** The separable resampling that {@link Resample} and {@link ResampleTo} share. */
final class Resampling {
  private static final long MAX_VOXELS = Integer.MAX_VALUE - 8L;

  private Resampling() {}

  /**
   * Resamples about the centre of the scan.
   *
   * @param size output size in (z, y, x) order
   * @param step distance of output voxels in input voxels, in (z, y, x) order
   */
  static Volume apply(Volume v, int[] size, double[] step, Interpolation interpolation) {
    checkSize(v, size);
    int[] n = {v.depth(), v.height(), v.width()};
    double[] origin = new double[3];
    for (int a = 0; a < 3; a++) {
      origin[a] = (n[a] - 1) / 2.0 - (size[a] - 1) / 2.0 * step[a];
    }
    float[] voxels = v.voxels();
    int[] now = n.clone();
    // x, y, z: the rows of later passes are contiguous.
    for (int a = 2; a >= 0; a--) {
      if (size[a] == n[a] && step[a] == 1) {
        continue;
      }
      int outer = a == 0 ? 1 : a == 1 ? now[0] : now[0] * now[1];
      int inner = a == 2 ? 1 : a == 1 ? now[2] : now[1] * now[2];
      voxels =
          new AxisResampler(n[a], size[a], origin[a], step[a], interpolation)
              .apply(voxels, outer, inner);
      now[a] = size[a];
    }
    if (voxels == v.voxels()) {
      return v;
    }
    Affine outputToInput =
        Affine.scaleTranslate(step[2], step[1], step[0], origin[2], origin[1], origin[0]);
    return new Volume(voxels, size[0], size[1], size[2], v.affine().compose(outputToInput));
  }

  private static void checkSize(Volume v, int[] size) {
    // Passes go x, y, z, so these are the sizes of all intermediate arrays.
    double afterX = (double) v.depth() * v.height() * size[2];
    double afterY = (double) v.depth() * size[1] * size[2];
    double afterZ = (double) size[0] * size[1] * size[2];
    if (Math.max(afterX, Math.max(afterY, afterZ)) > MAX_VOXELS) {
      throw new IllegalArgumentException(
          "Resampling "
              + v
              + " to ("
              + size[0]
              + ", "
              + size[1]
              + ", "
              + size[2]
              + ") needs more than "
              + MAX_VOXELS
              + " voxels; is the spacing of the file or of the config in mm?");
    }
  }
}
