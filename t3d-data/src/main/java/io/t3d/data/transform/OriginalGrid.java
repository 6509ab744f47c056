package io.t3d.data.transform;

import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Spacing;
import io.t3d.core.volume.Volume;
import io.t3d.data.transform.AxisResampler.Axis;
import io.t3d.data.transform.Reorient.AxisMap;
import java.util.Arrays;
import java.util.function.IntUnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * Maps class scores from a reoriented and resampled volume back to the original voxels, and takes
 * the best class there. Scores are interpolated linearly before the best one is taken: boundaries
 * come out smoother and closer than by the closest voxel's class.
 *
 * <p>Scores come slice by slice and only two slices are kept. At the scan's edge the outermost
 * scores go on.
 */
public final class OriginalGrid {
  private final Volume original;
  private final AxisResampler alongZ;
  private final AxisResampler alongY;
  private final AxisResampler alongX;
  private final byte[] classes; // on the original voxels, reoriented
  private final float[] @Nullable [] held; // the last two slices (K, H, W) on the original voxels
  private final Affine reorientedAffine;
  private int next; // original slices done

  /**
   * Plans the way back of {@link OrientAndResample}.
   *
   * @param original the volume as it was; only its geometry is used
   * @param steps that it went through; the window plays no part
   */
  public OriginalGrid(Volume original, OrientAndResample steps) {
    this.original = original;
    String from = original.orientation();
    AxisMap map = new Reorient(steps.orientation().orElse(from)).mapFrom(from);
    int[] size = {original.width(), original.height(), original.depth()};
    Spacing mm = original.spacing();
    double[] step = {mm.x(), mm.y(), mm.z()};
    Spacing old = new Spacing(step[map.old[2]], step[map.old[1]], step[map.old[0]]);
    Axis[] axes =
        Resampling.axes(
            size[map.old[2]],
            size[map.old[1]],
            size[map.old[0]],
            old,
            steps.spacing().orElse(old),
            steps.grid());
    alongZ = inverse(axes[0], steps);
    alongY = inverse(axes[1], steps);
    alongX = inverse(axes[2], steps);
    classes = new byte[original.voxels().length];
    held = new float[2][];
    reorientedAffine = original.affine().compose(map.newToOld(size));
  }

  private static AxisResampler inverse(Axis forward, OrientAndResample steps) {
    Axis back =
        steps.grid() == ResampleGrid.FIRST_VOXEL
            ? forward.inverse()
            : new Axis(forward.outputSize(), forward.inputSize(), 1 / forward.step(), false);
    return new AxisResampler(back, Interpolation.LINEAR);
  }

  /**
   * Takes the next slice.
   *
   * @param z 0, 1, …
   * @param logits {@code (K, H, W)} on the resampled volume's voxels, K at most 128
   * @throws IllegalArgumentException when there are too many slices, or one has another size
   */
  public void slice(int z, float[] logits) {
    int in = alongY.inputSize() * alongX.inputSize();
    int count = logits.length / in;
    if (z >= alongZ.inputSize() || count * in != logits.length || count > 128 || count < 1) {
      throw new IllegalArgumentException(
          "Expected "
              + alongZ.inputSize()
              + " slices of K·"
              + alongY.inputSize()
              + "·"
              + alongX.inputSize()
              + " scores with K up to 128, got slice "
              + z
              + " with "
              + logits.length);
    }
    held[z % 2] = inPlane(logits, count, held[z % 2]);
    while (next < alongZ.outputSize() && alongZ.lastInput(next) <= z) {
      best(next++, count);
    }
  }

  private float[] inPlane(float[] logits, int count, float @Nullable [] buffer) {
    int h = alongY.outputSize();
    int w = alongX.outputSize();
    float[] out = buffer == null ? new float[count * h * w] : buffer;
    int inWidth = alongX.inputSize();
    int inPlane = alongY.inputSize() * inWidth;
    for (int k = 0; k < count; k++) {
      for (int y = 0; y < h; y++) {
        int to = (k * h + y) * w;
        Arrays.fill(out, to, to + w, 0);
        for (int t = 0; t < alongY.taps(y); t++) {
          int row = k * inPlane + alongY.input(y, t) * inWidth;
          float wy = (float) alongY.weight(y, t);
          for (int x = 0; x < w; x++) {
            for (int u = 0; u < alongX.taps(x); u++) {
              out[to + x] += wy * (float) alongX.weight(x, u) * logits[row + alongX.input(x, u)];
            }
          }
        }
      }
    }
    return out;
  }

  private void best(int z, int count) {
    int plane = alongY.outputSize() * alongX.outputSize();
    int taps = alongZ.taps(z);
    float[] first = held[alongZ.input(z, 0) % 2];
    float[] second = held[alongZ.input(z, taps - 1) % 2];
    float w0 = (float) alongZ.weight(z, 0);
    float w1 = taps == 1 ? 0 : (float) alongZ.weight(z, 1);
    for (int i = 0; i < plane; i++) {
      int best = 0;
      float most = Float.NEGATIVE_INFINITY;
      for (int k = 0; k < count; k++) {
        float score = w0 * first[k * plane + i] + w1 * second[k * plane + i];
        if (score > most) {
          most = score;
          best = k;
        }
      }
      classes[z * plane + i] = (byte) best;
    }
  }

  /**
   * The result, once all slices have come.
   *
   * @param valueOfClass from class to the value in the mask
   * @return on the original volume's voxels, with its very affine
   * @throws IllegalStateException when slices are missing
   */
  public Volume mask(IntUnaryOperator valueOfClass) {
    if (next < alongZ.outputSize()) {
      throw new IllegalStateException(
          "Only "
              + next
              + " of "
              + alongZ.outputSize()
              + " slices are done; feed all slices first");
    }
    float[] values = new float[classes.length];
    for (int i = 0; i < values.length; i++) {
      values[i] = valueOfClass.applyAsInt(classes[i]);
    }
    Volume mask =
        new Volume(
            values,
            alongZ.outputSize(),
            alongY.outputSize(),
            alongX.outputSize(),
            reorientedAffine);
    // The original's affine itself: composed there and back it could differ in the last bit.
    return original.withVoxels(new Reorient(original.orientation()).apply(mask).voxels());
  }
}
