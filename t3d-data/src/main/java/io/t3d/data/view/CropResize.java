package io.t3d.data.view;

import io.t3d.core.config.Size3;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Volume;
import io.t3d.core.volume.VoxelBox;
import java.util.Arrays;

/**
 * Cuts a box out of a volume and resizes it in one pass, reading only the box: trilinear, with
 * averaging where the box is larger than the result. See {@link AxisTaps} for the weights.
 */
final class CropResize {
  private final Volume volume;
  private final Size3 size;
  private final AxisTaps z;
  private final AxisTaps y;
  private final AxisTaps x;
  private final Affine affine;

  /** Which axes run backwards. */
  record Flip(boolean z, boolean y, boolean x) {
    static final Flip NONE = new Flip(false, false, false);
  }

  /**
   * Plans a crop.
   *
   * @param volume the source
   * @param box may reach over the volume's edge
   * @param size voxels of the result
   * @param flip which axes of the result run backwards
   */
  CropResize(Volume volume, VoxelBox box, Size3 size, Flip flip) {
    this.volume = volume;
    this.size = size;
    z = AxisTaps.plan(volume.depth(), box.z0(), box.depth(), size.depth(), flip.z());
    y = AxisTaps.plan(volume.height(), box.y0(), box.height(), size.height(), flip.y());
    x = AxisTaps.plan(volume.width(), box.x0(), box.width(), size.width(), flip.x());
    affine = volume.affine().compose(toSource(box, size, flip));
  }

  /** Result voxel (x, y, z) → source voxel. */
  private static Affine toSource(VoxelBox box, Size3 size, Flip flip) {
    double[] sx = axis(box.x0(), box.width(), size.width(), flip.x());
    double[] sy = axis(box.y0(), box.height(), size.height(), flip.y());
    double[] sz = axis(box.z0(), box.depth(), size.depth(), flip.z());
    return Affine.scaleTranslate(sx[0], sy[0], sz[0], sx[1], sy[1], sz[1]);
  }

  /** Step and offset such that result voxel i lies at {@code step · i + offset} of the source. */
  private static double[] axis(int start, int extent, int count, boolean flip) {
    double ratio = (double) extent / count;
    double firstCentre = start + 0.5 * ratio - 0.5;
    double lastCentre = start + (count - 0.5) * ratio - 0.5;
    return flip ? new double[] {-ratio, lastCentre} : new double[] {ratio, firstCentre};
  }

  /**
   * Computes the crop.
   *
   * @param fill the value where the box reaches over the volume's edge
   */
  Volume run(float fill) {
    int plane = size.height() * size.width();
    float[] out = new float[Math.multiplyExact(size.depth(), plane)];
    float[] rows = new float[volume.height() * size.width()];
    float[] slice = new float[plane];
    for (int source = z.lowest(); source < z.end(); source++) {
      resizeSlice(source, rows, slice);
      for (int k = 0; k < size.depth(); k++) {
        int tap = source - z.first[k];
        if (z.inside[k] && tap >= 0 && tap < z.weights[k].length) {
          addScaled(slice, 0, z.weights[k][tap], out, k * plane, plane);
        }
      }
    }
    fillOutside(out, fill);
    return new Volume(out, size.depth(), size.height(), size.width(), affine);
  }

  /** Resizes one source slice to {@code (H, W)}: along x into {@code rows}, then along y. */
  private void resizeSlice(int source, float[] rows, float[] slice) {
    int width = size.width();
    for (int row = y.lowest(); row < y.end(); row++) {
      resizeRow(volume.index(source, row, 0), rows, row * width);
    }
    Arrays.fill(slice, 0);
    for (int j = 0; j < size.height(); j++) {
      for (int tap = 0; y.inside[j] && tap < y.weights[j].length; tap++) {
        addScaled(rows, (y.first[j] + tap) * width, y.weights[j][tap], slice, j * width, width);
      }
    }
  }

  private void resizeRow(int rowStart, float[] rows, int at) {
    float[] voxels = volume.voxels();
    for (int i = 0; i < x.first.length; i++) {
      int from = rowStart + x.first[i];
      float[] w = x.weights[i];
      float sum = 0;
      for (int tap = 0; tap < w.length; tap++) {
        sum += w[tap] * voxels[from + tap];
      }
      rows[at + i] = sum;
    }
  }

  private static void addScaled(float[] from, int start, float w, float[] to, int at, int count) {
    for (int i = 0; i < count; i++) {
      to[at + i] += w * from[start + i];
    }
  }

  private void fillOutside(float[] out, float fill) {
    int at = 0;
    for (int k = 0; k < size.depth(); k++) {
      for (int j = 0; j < size.height(); j++) {
        boolean rowInside = z.inside[k] && y.inside[j];
        for (int i = 0; i < size.width(); i++, at++) {
          if (!rowInside || !x.inside[i]) {
            out[at] = fill;
          }
        }
      }
    }
  }
}
