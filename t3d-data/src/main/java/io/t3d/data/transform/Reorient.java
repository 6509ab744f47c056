package io.t3d.data.transform;

import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.spi.VolumeInfo;
import io.t3d.data.transform.internal.AxisCodes;

/**
 * Permutes and flips the axes so that the voxel indices x, y, z increase in the given directions.
 * Voxels are moved, never interpolated; an oblique volume stays oblique.
 *
 * @param codes one letter per axis in (x, y, z) order, of the pairs R/L, A/P and S/I, e.g. {@code
 *     RAS}
 */
public record Reorient(String codes) implements Transform {
  private static final int TILE = 32;

  /** Checks that each of the three directions is named once. */
  public Reorient {
    codes = AxisCodes.checked(codes);
  }

  @Override
  public Volume apply(Volume v) {
    String from = v.orientation();
    if (from.equals(codes)) {
      return v;
    }
    AxisMap map = mapFrom(from);
    int[] size = {v.width(), v.height(), v.depth()};
    int[] stride = {1, v.width(), v.width() * v.height()};
    int[] newSize = new int[3];
    int[] step = new int[3]; // how far one step along a new axis goes in the old array
    int start = 0;
    for (int axis = 0; axis < 3; axis++) {
      int old = map.old[axis];
      boolean flip = map.flip[axis];
      newSize[axis] = size[old];
      step[axis] = flip ? -stride[old] : stride[old];
      start += flip ? (size[old] - 1) * stride[old] : 0;
    }
    return new Volume(
        gather(v.voxels(), newSize, step, start),
        newSize[2],
        newSize[1],
        newSize[0],
        v.affine().compose(map.newToOld(size)));
  }

  /** The header that {@link #apply(Volume)} would give, without the voxels. */
  public VolumeInfo apply(VolumeInfo info) {
    String from = info.affine().orientation();
    if (from.equals(codes)) {
      return info;
    }
    AxisMap map = mapFrom(from);
    int[] size = {info.width(), info.height(), info.depth()};
    return new VolumeInfo(
        size[map.old[2]],
        size[map.old[1]],
        size[map.old[0]],
        info.affine().compose(map.newToOld(size)),
        info.pixelType(),
        info.reader());
  }

  /** How the axes of a volume of another orientation become these. */
  AxisMap mapFrom(String from) {
    AxisMap map = new AxisMap();
    for (int axis = 0; axis < 3; axis++) {
      int old = AxisCodes.axisAlong(from, codes.charAt(axis));
      map.old[axis] = old;
      map.flip[axis] = from.charAt(old) != codes.charAt(axis);
    }
    return map;
  }

  /** For each new axis x, y, z: which old one it is, and whether it runs backwards. */
  static final class AxisMap {
    final int[] old = {0, 1, 2};
    final boolean[] flip = new boolean[3];

    boolean permutes() {
      return old[0] != 0 || old[1] != 1;
    }

    boolean isIdentity() {
      return !permutes() && !flip[0] && !flip[1] && !flip[2];
    }

    /** New voxel index (x, y, z) → old. */
    Affine newToOld(int[] oldSize) {
      double[] rows = new double[12];
      for (int axis = 0; axis < 3; axis++) {
        rows[old[axis] * 4 + axis] = flip[axis] ? -1 : 1;
        rows[old[axis] * 4 + 3] = flip[axis] ? oldSize[old[axis]] - 1 : 0;
      }
      return Affine.of(rows);
    }
  }

  private static float[] gather(float[] in, int[] size, int[] step, int start) {
    float[] out = new float[in.length];
    int[] stride = {1, size[0], size[0] * size[1]};
    // Tiles over x and the axis that was contiguous: both sides then stay in the cache.
    int inner = Math.abs(step[1]) == 1 ? 1 : 2;
    int outer = 3 - inner;
    int tileX = Math.abs(step[0]) == 1 ? size[0] : TILE;
    for (int o = 0; o < size[outer]; o++) {
      int from = start + o * step[outer];
      int to = o * stride[outer];
      for (int i0 = 0; i0 < size[inner]; i0 += TILE) {
        int i1 = Math.min(i0 + TILE, size[inner]);
        for (int x0 = 0; x0 < size[0]; x0 += tileX) {
          int count = Math.min(tileX, size[0] - x0);
          for (int i = i0; i < i1; i++) {
            int row = from + i * step[inner] + x0 * step[0];
            copyRow(in, row, step[0], out, to + i * stride[inner] + x0, count);
          }
        }
      }
    }
    return out;
  }

  private static void copyRow(float[] in, int from, int step, float[] out, int to, int count) {
    if (step == 1) {
      System.arraycopy(in, from, out, to, count);
      return;
    }
    for (int x = 0; x < count; x++) {
      out[to + x] = in[from + x * step];
    }
  }
}
