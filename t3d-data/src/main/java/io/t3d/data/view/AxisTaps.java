package io.t3d.data.view;

import java.util.Arrays;

/**
 * Which source voxels, with which weights, make each output voxel along one axis.
 *
 * <p>Output voxel i has its centre at {@code s = start + (i + ½)·r − ½}, with r source voxels per
 * output voxel. Enlarging (r ≤ 1) is linear interpolation at s. Shrinking averages the linear
 * interpolant over {@code sqrt(r² − 1)} voxels around s: nothing at r = 1, nearly the output
 * voxel's whole extent when r is large, so that small findings do not fall between the samples.
 * Both reproduce linear ramps exactly. Positions over the volume's edge take the outermost value;
 * output voxels whose centre lies outside the volume have no value of their own ({@link #inside}).
 */
final class AxisTaps {
  /** First source voxel of each output voxel. */
  final int[] first;

  /** Weights of {@code first[i], first[i] + 1, …}; they add up to 1. */
  final float[][] weights;

  /** Whether the output voxel's centre lies in the volume. */
  final boolean[] inside;

  private AxisTaps(int count) {
    first = new int[count];
    weights = new float[count][];
    inside = new boolean[count];
  }

  /**
   * Plans one axis.
   *
   * @param size voxels of the volume along the axis
   * @param start first voxel of the box
   * @param extent voxels of the box
   * @param count voxels of the output
   * @param flip whether the output runs backwards
   */
  static AxisTaps plan(int size, int start, int extent, int count, boolean flip) {
    AxisTaps taps = new AxisTaps(count);
    double ratio = (double) extent / count;
    double halfWidth = Math.sqrt(Math.max(0, ratio * ratio - 1)) / 2;
    for (int i = 0; i < count; i++) {
      double s = start + (i + 0.5) * ratio - 0.5;
      int out = flip ? count - 1 - i : i;
      taps.inside[out] = s >= -0.5 && s <= size - 0.5;
      taps.put(out, size, s - halfWidth, s + halfWidth);
    }
    return taps;
  }

  private void put(int out, int size, double from, double to) {
    int low = clamp((int) Math.floor(from), size);
    int high = clamp((int) Math.floor(to) + 1, size);
    double[] w = new double[high - low + 1];
    for (int k = (int) Math.floor(from); k <= (int) Math.floor(to) + 1; k++) {
      w[clamp(k, size) - low] += weight(k, from, to);
    }
    // A zero last weight (a sample right on a voxel) would only cost time.
    int used = w[w.length - 1] == 0 && w.length > 1 ? w.length - 1 : w.length;
    first[out] = low;
    weights[out] = new float[used];
    for (int k = 0; k < used; k++) {
      weights[out][k] = (float) w[k];
    }
  }

  /** Mean over [from, to] of the hat function of voxel k; its value when the interval is empty. */
  private static double weight(int k, double from, double to) {
    double width = to - from;
    return width < 1e-9
        ? Math.max(0, 1 - Math.abs(from - k))
        : (hatIntegral(to - k) - hatIntegral(from - k)) / width;
  }

  /** The integral of {@code max(0, 1 - |t|)} up to x. */
  private static double hatIntegral(double x) {
    double t = Math.max(-1, Math.min(1, x));
    return t < 0 ? (1 + t) * (1 + t) / 2 : 1 - (1 - t) * (1 - t) / 2;
  }

  private static int clamp(int k, int size) {
    return Math.max(0, Math.min(size - 1, k));
  }

  /**
   * The weights as a matrix, output voxels × source voxels from {@link #lowest()} to {@link #end()}
   * (without it); output voxels outside have none.
   *
   * @return row by row; empty when no output voxel is inside
   */
  float[] matrix() {
    int columns = Math.max(0, end() - lowest());
    float[] matrix = new float[first.length * columns];
    for (int i = 0; i < first.length; i++) {
      if (inside[i]) {
        int at = i * columns + first[i] - lowest();
        System.arraycopy(weights[i], 0, matrix, at, weights[i].length);
      }
    }
    return matrix;
  }

  /** The smallest source voxel that any output voxel reads. */
  int lowest() {
    int low = Integer.MAX_VALUE;
    for (int i = 0; i < first.length; i++) {
      low = inside[i] ? Math.min(low, first[i]) : low;
    }
    return low;
  }

  /** One past the largest source voxel that any output voxel reads; 0 when none reads. */
  int end() {
    int end = 0;
    for (int i = 0; i < first.length; i++) {
      end = inside[i] ? Math.max(end, first[i] + weights[i].length) : end;
    }
    return end;
  }

  /** The smallest source voxel with a weight, whether its output voxel is inside or not. */
  int first() {
    return Arrays.stream(first).min().getAsInt();
  }

  /** How many source voxels lie from {@link #first()} to the largest with a weight. */
  int extent() {
    int end = 0;
    for (int i = 0; i < first.length; i++) {
      end = Math.max(end, first[i] + weights[i].length);
    }
    return end - first();
  }
}
