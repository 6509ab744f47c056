package io.t3d.core.internal.weights;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;

/**
 * Puts the rows of queries and keys into our order of rotary pairs. Published models turn other
 * pairs of a head's channels; the product of a query and a key is the same in any order.
 */
public enum RotaryRows {
  /** Pairs c and c + d/2, axes x, y, z: SPECTRE. */
  HALVES_XYZ {
    @Override
    int source(int axis, int frequency, int which, int frequencies) {
      return (2 - axis) * frequencies + frequency + which * 3 * frequencies;
    }
  },
  /** Neighbours 2c and 2c + 1, axes z, y, x: VoxelFM, and Primus on arrays in that order. */
  NEIGHBOURS_ZYX {
    @Override
    int source(int axis, int frequency, int which, int frequencies) {
      return 2 * (axis * frequencies + frequency) + which;
    }
  };

  /**
   * Where the file has a channel of a head.
   *
   * @param axis 0 for z, 1 for y, 2 for x
   * @param frequency of the axis
   * @param which 0 for the first channel of the pair, 1 for the second
   * @param frequencies per axis
   */
  abstract int source(int axis, int frequency, int which, int frequencies);

  /**
   * Rows in our order.
   *
   * @param rows {@code (C, …)}: the rows or biases of queries or of keys
   * @param width d, channels of a head
   * @return a new array
   */
  public NDArray ordered(NDArray rows, int width) {
    int frequencies = width / 6;
    int[] own = new int[width];
    for (int axis = 0; axis < 3; axis++) {
      for (int j = 0; j < frequencies; j++) {
        for (int which = 0; which < 2; which++) {
          own[which * width / 2 + axis * frequencies + j] = source(axis, j, which, frequencies);
        }
      }
    }
    long channels = rows.getShape().get(0);
    long[] order = new long[(int) channels];
    for (int i = 0; i < channels; i++) {
      order[i] = (long) i / width * width + own[i % width];
    }
    NDManager manager = rows.getManager();
    try (NDArray index = manager.create(order)) {
      return rows.get(index);
    }
  }
}
