package io.t3d.data.transform;

import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Volume;
import java.util.Locale;

/**
 * Permutes and flips the axes so that the voxel indices x, y, z grow towards the given directions.
 * Voxels are moved, never interpolated; an oblique volume stays oblique.
 *
 * @param codes one letter per axis in (x, y, z) order, of the pairs R/L, A/P and S/I, e.g. {@code
 *     RAS}
 */
public record Reorient(String codes) implements Transform {
  private static final String POSITIVE = "RAS";
  private static final String NEGATIVE = "LPI";

  /** Checks that each of the three directions is named once. */
  public Reorient {
    codes = codes.toUpperCase(Locale.ROOT);
    int seen = 0;
    for (int i = 0; i < codes.length(); i++) {
      int axis = worldAxis(codes.charAt(i));
      seen |= axis < 0 ? 8 : 1 << axis;
    }
    if (codes.length() != 3 || seen != 7) {
      throw new IllegalArgumentException(
          "codes must name one of R/L, one of A/P and one of S/I, e.g. RAS or LPS, got " + codes);
    }
  }

  @Override
  public Volume apply(Volume v) {
    String from = v.orientation();
    if (from.equals(codes)) {
      return v;
    }
    int[] size = {v.width(), v.height(), v.depth()};
    int[] stride = {1, v.width(), v.width() * v.height()};
    int[] newSize = new int[3];
    int[] step = new int[3]; // how far one step along a new axis goes in the old array
    int start = 0;
    double[] newToOld = new double[12];
    for (int axis = 0; axis < 3; axis++) {
      int old = 0;
      while (worldAxis(from.charAt(old)) != worldAxis(codes.charAt(axis))) {
        old++;
      }
      boolean flip = from.charAt(old) != codes.charAt(axis);
      newSize[axis] = size[old];
      step[axis] = flip ? -stride[old] : stride[old];
      start += flip ? (size[old] - 1) * stride[old] : 0;
      newToOld[old * 4 + axis] = flip ? -1 : 1;
      newToOld[old * 4 + 3] = flip ? size[old] - 1 : 0;
    }
    return new Volume(
        gather(v.voxels(), newSize, step, start),
        newSize[2],
        newSize[1],
        newSize[0],
        v.affine().compose(Affine.of(newToOld)));
  }

  private static float[] gather(float[] in, int[] size, int[] step, int start) {
    float[] out = new float[in.length];
    int to = 0;
    for (int z = 0; z < size[2]; z++) {
      for (int y = 0; y < size[1]; y++) {
        int row = start + z * step[2] + y * step[1];
        if (step[0] == 1) {
          System.arraycopy(in, row, out, to, size[0]);
          to += size[0];
        } else {
          for (int x = 0; x < size[0]; x++) {
            out[to++] = in[row + x * step[0]];
          }
        }
      }
    }
    return out;
  }

  /** 0, 1, 2 for the world's x, y, z; -1 for no direction. */
  private static int worldAxis(char code) {
    return Math.max(POSITIVE.indexOf(code), NEGATIVE.indexOf(code));
  }
}
