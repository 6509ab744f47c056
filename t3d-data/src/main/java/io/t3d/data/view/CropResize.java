package io.t3d.data.view;

import io.t3d.core.config.Size3;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Volume;
import io.t3d.core.volume.VoxelBox;
import java.util.Arrays;
import java.util.List;

/**
 * Cuts a box out of a volume and resizes it in one pass, reading only the box: trilinear, with
 * averaging where the box is larger than the result. See {@link AxisTaps} for the weights.
 */
final class CropResize {
  private final Size3 source;
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
   * @param source D, H, W of the volume
   * @param sourceAffine its voxels → world
   * @param box may reach over the volume's edge
   * @param size voxels of the result
   * @param flip which axes of the result run backwards
   */
  CropResize(Size3 source, Affine sourceAffine, VoxelBox box, Size3 size, Flip flip) {
    this.source = source;
    this.size = size;
    z = AxisTaps.plan(source.depth(), box.z0(), box.depth(), size.depth(), flip.z());
    y = AxisTaps.plan(source.height(), box.y0(), box.height(), size.height(), flip.y());
    x = AxisTaps.plan(source.width(), box.x0(), box.width(), size.width(), flip.x());
    affine = sourceAffine.compose(toSource(box, size, flip));
  }

  /** The weights along depth, height and width. */
  List<AxisTaps> taps() {
    return List.of(z, y, x);
  }

  /** D, H, W of the result. */
  Size3 size() {
    return size;
  }

  /** Result voxel (x, y, z) → world. */
  Affine affine() {
    return affine;
  }

  /** The voxels that {@link #run} reads: the box, or a little more where it interpolates. */
  VoxelBox reads() {
    return new VoxelBox(z.first(), y.first(), x.first(), z.extent(), y.extent(), x.extent());
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

  /** Computes the crop of a volume that is all in memory; see the other {@code run}. */
  Volume run(Volume volume, float fill) {
    return run(volume, volume.bounds(), fill);
  }

  /**
   * Computes the crop.
   *
   * @param part voxels of the source
   * @param where the box of the source that they are; holds {@link #reads()}
   * @param fill the value where the box reaches over the volume's edge
   */
  Volume run(Volume part, VoxelBox where, float fill) {
    int plane = size.height() * size.width();
    float[] out = new float[Math.multiplyExact(size.depth(), plane)];
    float[] rows = new float[source.height() * size.width()];
    float[] slice = new float[plane];
    for (int from = z.lowest(); from < z.end(); from++) {
      resizeSlice(part, where, from, rows, slice);
      for (int k = 0; k < size.depth(); k++) {
        int tap = from - z.first[k];
        if (z.inside[k] && tap >= 0 && tap < z.weights[k].length) {
          addScaled(slice, 0, z.weights[k][tap], out, k * plane, plane);
        }
      }
    }
    fillOutside(out, fill);
    return new Volume(out, size.depth(), size.height(), size.width(), affine);
  }

  /** Resizes one source slice to {@code (H, W)}: along x into {@code rows}, then along y. */
  private void resizeSlice(Volume part, VoxelBox where, int from, float[] rows, float[] slice) {
    int width = size.width();
    for (int row = y.lowest(); row < y.end(); row++) {
      int rowStart = part.index(from - where.z0(), row - where.y0(), 0) - where.x0();
      resizeRow(part.voxels(), rowStart, rows, row * width);
    }
    Arrays.fill(slice, 0);
    for (int j = 0; j < size.height(); j++) {
      for (int tap = 0; y.inside[j] && tap < y.weights[j].length; tap++) {
        addScaled(rows, (y.first[j] + tap) * width, y.weights[j][tap], slice, j * width, width);
      }
    }
  }

  private void resizeRow(float[] voxels, int rowStart, float[] rows, int at) {
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
