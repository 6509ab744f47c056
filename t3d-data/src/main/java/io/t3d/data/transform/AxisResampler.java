package io.t3d.data.transform;

import java.util.Arrays;

/**
 * Resamples one axis: each output index is a weighted sum of a few neighbouring input indices.
 *
 * <p>Output index i lies at the input coordinate {@code origin + i·step}, clamped to {@code [0,
 * inputSize - 1]}.
 */
final class AxisResampler {
  private final int inputSize;
  private final int outputSize;
  private final int[] first; // first input index per output index
  private final float[][] weights; // weights from there on, sum 1

  AxisResampler(
      int inputSize, int outputSize, double origin, double step, Interpolation interpolation) {
    this.inputSize = inputSize;
    this.outputSize = outputSize;
    this.first = new int[outputSize];
    this.weights = new float[outputSize][];
    for (int i = 0; i < outputSize; i++) {
      double at = Math.min(Math.max(origin + i * step, 0), inputSize - 1.0);
      switch (interpolation) {
        case NEAREST -> {
          first[i] = Math.min((int) Math.floor(at + 0.5), inputSize - 1);
          weights[i] = new float[] {1};
        }
        case LINEAR -> triangle(i, at, 1);
        case LINEAR_ANTIALIASED -> triangle(i, at, Math.max(1, step));
      }
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
    float[] normalised = new float[w.length];
    for (int k = 0; k < w.length; k++) {
      normalised[k] = (float) (w[k] / sum);
    }
    first[i] = low;
    weights[i] = normalised;
  }

  /**
   * Applies it to the middle axis of {@code (outer, inputSize, inner)}.
   *
   * @return {@code (outer, outputSize, inner)}
   */
  float[] apply(float[] in, int outer, int inner) {
    float[] out = new float[Math.multiplyExact(Math.multiplyExact(outer, outputSize), inner)];
    for (int o = 0; o < outer; o++) {
      int inBase = o * inputSize * inner;
      int outBase = o * outputSize * inner;
      if (inner == 1) {
        line(in, inBase, out, outBase);
      } else {
        for (int i = 0; i < outputSize; i++) {
          row(in, inBase + first[i] * inner, out, outBase + i * inner, inner, weights[i]);
        }
      }
    }
    return out;
  }

  private void line(float[] in, int inBase, float[] out, int outBase) {
    for (int i = 0; i < outputSize; i++) {
      float[] w = weights[i];
      int at = inBase + first[i];
      float sum = w[0] * in[at];
      for (int k = 1; k < w.length; k++) {
        sum += w[k] * in[at + k];
      }
      out[outBase + i] = sum;
    }
  }

  private static void row(float[] in, int from, float[] out, int to, int inner, float[] w) {
    if (w.length == 1) {
      System.arraycopy(in, from, out, to, inner);
      return;
    }
    float w0 = w[0];
    float w1 = w[1];
    for (int x = 0; x < inner; x++) {
      out[to + x] = w0 * in[from + x] + w1 * in[from + inner + x];
    }
    for (int k = 2; k < w.length; k++) {
      float wk = w[k];
      int base = from + k * inner;
      for (int x = 0; x < inner; x++) {
        out[to + x] += wk * in[base + x];
      }
    }
  }

  @Override
  public String toString() {
    return "AxisResampler " + inputSize + " -> " + outputSize + " from " + Arrays.toString(first);
  }
}
