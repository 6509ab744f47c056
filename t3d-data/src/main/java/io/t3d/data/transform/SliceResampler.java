package io.t3d.data.transform;

import io.t3d.data.transform.AxisResampler.Axis;
import org.jspecify.annotations.Nullable;

/**
 * Resamples a volume whose slices come one by one: along x and y at once, along z as soon as the
 * last input slice of an output slice is there. Apart from the result it holds a few slices only.
 */
final class SliceResampler {
  private final AxisResampler z;
  private final AxisResampler y;
  private final AxisResampler x;
  private final @Nullable IntensityWindow window; // null: none
  private final double[] lines; // one input slice after x: (input H, W)
  private final double[][] ring; // the latest slices after x and y: (H, W) each
  private final double[] row; // one row of the result
  private final boolean[] needed; // input slices that reach the result
  private final float[] out; // (D, H, W)
  private int emitted;

  /**
   * Plans.
   *
   * @param axes z, y, x
   * @param window is applied to the result; null leaves it
   */
  SliceResampler(Axis[] axes, Interpolation interpolation, @Nullable IntensityWindow window) {
    z = new AxisResampler(axes[0], interpolation);
    y = new AxisResampler(axes[1], interpolation);
    x = new AxisResampler(axes[2], interpolation);
    this.window = window;
    int plane = Math.multiplyExact(y.outputSize(), x.outputSize());
    lines = new double[Math.multiplyExact(y.inputSize(), x.outputSize())];
    ring = new double[z.maxTaps()][plane];
    row = new double[x.outputSize()];
    needed = new boolean[z.inputSize()];
    for (int k = 0; k < z.outputSize(); k++) {
      for (int tap = 0; tap < z.taps(k); tap++) {
        needed[z.input(k, tap)] = true;
      }
    }
    out = new float[Math.multiplyExact(z.outputSize(), plane)];
  }

  /**
   * Takes the next input slice, z = 0 first.
   *
   * @param voxels (input H, input W) from {@code at} on; not kept
   */
  void add(int slice, float[] voxels, int at) {
    if (!needed[slice]) {
      return;
    }
    for (int j = 0; j < y.inputSize(); j++) {
      x.line(voxels, at + j * x.inputSize(), lines, j * x.outputSize());
    }
    y.rows(lines, x.outputSize(), ring[slice % ring.length]);
    while (emitted < z.outputSize() && z.lastInput(nextOutput()) == slice) {
      emit(nextOutput());
      emitted++;
    }
  }

  /** The result (D, H, W), complete when all input slices were added. */
  float[] result() {
    return out;
  }

  /** Outputs are complete in the order in which their input comes: backwards when z is flipped. */
  private int nextOutput() {
    return z.flipped() ? z.outputSize() - 1 - emitted : emitted;
  }

  private void emit(int k) {
    int width = x.outputSize();
    int to = k * ring[0].length;
    for (int at = 0; at < ring[0].length; at += width) {
      combine(k, at);
      if (window == null) {
        for (int i = 0; i < width; i++) {
          out[to + at + i] = (float) row[i];
        }
      } else {
        window.map(row, out, to + at);
      }
    }
  }

  /** Sums one row over the taps along z. */
  private void combine(int k, int at) {
    int width = row.length;
    double[] slice0 = ring[z.input(k, 0) % ring.length];
    if (z.taps(k) == 1) {
      System.arraycopy(slice0, at, row, 0, width);
      return;
    }
    double[] slice1 = ring[z.input(k, 1) % ring.length];
    AxisResampler.pair(z.weight(k, 0), slice0, at, z.weight(k, 1), slice1, at, row, 0, width);
    for (int tap = 2; tap < z.taps(k); tap++) {
      double[] slice = ring[z.input(k, tap) % ring.length];
      AxisResampler.add(z.weight(k, tap), slice, at, row, 0, width);
    }
  }
}
