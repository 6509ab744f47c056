package io.t3d.data.transform;

import java.util.Arrays;

/**
 * Resamples one axis: each output index is a weighted sum of a few neighbouring input indices.
 *
 * <p>Output index i lies at the input coordinate {@code origin + i·step}, clamped to {@code [0,
 * inputSize - 1]}; with {@code flip} the input runs backwards. Weights and sums are in double, so
 * that float32 results carry one rounding only.
 */
final class AxisResampler {
  private final int inputSize;
  private final int direction; // of the input, 1 or -1
  private final int[] first; // first input index per output index
  private final double[][] weights; // weights from there on, sum 1

  AxisResampler(Axis axis, Interpolation interpolation) {
    inputSize = axis.inputSize();
    direction = axis.flip() ? -1 : 1;
    first = new int[axis.outputSize()];
    weights = new double[axis.outputSize()][];
    for (int i = 0; i < first.length; i++) {
      double at = Math.min(Math.max(axis.origin() + i * axis.step(), 0), inputSize - 1.0);
      switch (interpolation) {
        case NEAREST -> {
          first[i] = Math.min((int) Math.floor(at + 0.5), inputSize - 1);
          weights[i] = new double[] {1};
        }
        case LINEAR -> triangle(i, at, 1);
        case LINEAR_ANTIALIASED -> triangle(i, at, Math.max(1, axis.step()));
      }
      if (axis.flip()) {
        first[i] = inputSize - 1 - first[i];
      }
    }
  }

  /**
   * One axis of a resampling; {@code step} in input voxels.
   *
   * @param origin input coordinate of output index 0, before the flip
   */
  record Axis(int inputSize, int outputSize, double step, boolean flip, double origin) {
    /** About the centre of the scan. */
    Axis(int inputSize, int outputSize, double step, boolean flip) {
      this(
          inputSize, outputSize, step, flip, (inputSize - 1) / 2.0 - (outputSize - 1) / 2.0 * step);
    }

    Axis withFlip(boolean backwards) {
      return new Axis(inputSize, outputSize, step, backwards, origin);
    }

    /** The way back. */
    Axis inverse() {
      return new Axis(outputSize, inputSize, 1 / step, false, -origin / step);
    }

    boolean leavesVoxelsInPlace() {
      return inputSize == outputSize && step == 1 && !flip && origin == 0;
    }
  }

  private void triangle(int i, double at, double radius) {
    int low = Math.max((int) Math.floor(at - radius) + 1, 0);
    int high = Math.min((int) Math.ceil(at + radius) - 1, inputSize - 1);
    double[] w = new double[high - low + 1];
    double sum = 0;
    for (int k = 0; k < w.length; k++) {
      w[k] = 1 - Math.abs(low + k - at) / radius;
      sum += w[k];
    }
    for (int k = 0; k < w.length; k++) {
      w[k] /= sum;
    }
    first[i] = low;
    weights[i] = w;
  }

  int inputSize() {
    return inputSize;
  }

  int outputSize() {
    return first.length;
  }

  boolean flipped() {
    return direction < 0;
  }

  int taps(int i) {
    return weights[i].length;
  }

  /** The input index of tap k of output i. */
  int input(int i, int k) {
    return first[i] + k * direction;
  }

  double weight(int i, int k) {
    return weights[i][k];
  }

  /** The largest input index that output i needs. */
  int lastInput(int i) {
    return Math.max(input(i, 0), input(i, taps(i) - 1));
  }

  /** The most taps of any output. */
  int maxTaps() {
    return Arrays.stream(weights).mapToInt(w -> w.length).max().orElseThrow();
  }

  /** Resamples a line of {@code inputSize} values to {@code outputSize}. */
  void line(float[] in, int inBase, double[] out, int outBase) {
    for (int i = 0; i < first.length; i++) {
      double[] w = weights[i];
      int at = inBase + first[i];
      double sum = w[0] * in[at];
      for (int k = 1; k < w.length; k++) {
        at += direction;
        sum += w[k] * in[at];
      }
      out[outBase + i] = sum;
    }
  }

  /** Resamples {@code (inputSize, width)} along its first axis to {@code (outputSize, width)}. */
  void rows(double[] in, int width, double[] out) {
    for (int i = 0; i < first.length; i++) {
      double[] w = weights[i];
      if (w.length == 1) {
        System.arraycopy(in, first[i] * width, out, i * width, width);
        continue;
      }
      pair(w[0], in, input(i, 0) * width, w[1], in, input(i, 1) * width, out, i * width, width);
      for (int k = 2; k < w.length; k++) {
        add(w[k], in, input(i, k) * width, out, i * width, width);
      }
    }
  }

  /** {@code out = w0 · in0 + w1 · in1}. */
  static void pair(
      double w0,
      double[] in0,
      int at0,
      double w1,
      double[] in1,
      int at1,
      double[] out,
      int to,
      int count) {
    for (int x = 0; x < count; x++) {
      out[to + x] = w0 * in0[at0 + x] + w1 * in1[at1 + x];
    }
  }

  /** {@code out += w · in}. */
  static void add(double w, double[] in, int at, double[] out, int to, int count) {
    for (int x = 0; x < count; x++) {
      out[to + x] += w * in[at + x];
    }
  }
}
