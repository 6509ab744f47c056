package io.t3d.data.phantom.generate;

import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Spacing;
import io.t3d.core.volume.Volume;
import io.t3d.data.phantom.Structure;

/** The voxels that a phantom is painted on, visited by their place in the patient's frame. */
final class Canvas {
  /** Extent of the standard field of view along x, y, z in the world, mm. */
  private static final double[] FIELD = {390, 310, 300};

  final float[] hu;
  final float[] mask;
  private final int[] size; // x, y, z
  private final Affine toWorld;
  private final Affine toPatient;
  private final Affine fromPatient;
  private final double step;

  /** Called for a voxel with its index and its centre in the patient's frame, mm. */
  @FunctionalInterface
  interface Visitor {
    void visit(int index, double x, double y, double z);
  }

  Canvas(Acquisition acquisition) {
    Spacing spacing = acquisition.spacing();
    double[] mm = {spacing.x(), spacing.y(), spacing.z()};
    size = new int[3];
    double[] rows = new double[12];
    for (int axis = 0; axis < 3; axis++) {
      char letter = acquisition.orientation().charAt(axis);
      int row = "RL".indexOf(letter) >= 0 ? 0 : "AP".indexOf(letter) >= 0 ? 1 : 2;
      int sign = "RAS".indexOf(letter) >= 0 ? 1 : -1;
      // Slices keep their spacing whichever stored axis they lie on.
      double length = mm[row];
      size[axis] = (int) Math.round(FIELD[row] * acquisition.fieldScale() / length);
      rows[row * 4 + axis] = sign * length;
      rows[row * 4 + 3] = -sign * length * (size[axis] - 1) / 2;
    }
    toWorld = Affine.of(rows);
    toPatient = acquisition.toWorld().inverse().compose(toWorld);
    fromPatient = toPatient.inverse();
    step = Math.cbrt(mm[0] * mm[1] * mm[2]);
    hu = new float[size[0] * size[1] * size[2]];
    mask = new float[hu.length];
  }

  /** Mean distance of neighbouring voxels, mm. */
  double step() {
    return step;
  }

  /** Visits every voxel. */
  void forEach(Visitor visitor) {
    visit(new int[] {0, 0, 0}, size, visitor);
  }

  /** Visits the voxels of a box around a ball; some lie a little outside it. */
  void near(double x, double y, double z, double radius, Visitor visitor) {
    double[] center = fromPatient.apply(x, y, z);
    int[] low = new int[3];
    int[] high = new int[3];
    for (int axis = 0; axis < 3; axis++) {
      double reach =
          radius
              * Math.sqrt(
                  square(fromPatient.get(axis, 0))
                      + square(fromPatient.get(axis, 1))
                      + square(fromPatient.get(axis, 2)));
      low[axis] = Math.max(0, (int) Math.ceil(center[axis] - reach));
      high[axis] = Math.min(size[axis], (int) Math.floor(center[axis] + reach) + 1);
    }
    visit(low, high, visitor);
  }

  private void visit(int[] low, int[] high, Visitor visitor) {
    double dx = toPatient.get(0, 0);
    double dy = toPatient.get(1, 0);
    double dz = toPatient.get(2, 0);
    for (int k = low[2]; k < high[2]; k++) {
      for (int j = low[1]; j < high[1]; j++) {
        double[] p = toPatient.apply(0, j, k);
        int row = (k * size[1] + j) * size[0];
        for (int i = low[0]; i < high[0]; i++) {
          visitor.visit(row + i, p[0] + i * dx, p[1] + i * dy, p[2] + i * dz);
        }
      }
    }
  }

  /** The centre of a voxel in the patient's frame. */
  double[] point(int index) {
    int i = index % size[0];
    int j = index / size[0] % size[1];
    int k = index / (size[0] * size[1]);
    return toPatient.apply(i, j, k);
  }

  Structure structure(int index) {
    return Structure.values()[(int) mask[index]];
  }

  boolean isAerated(int index) {
    return structure(index).isLobe();
  }

  /** Sets a voxel. */
  void set(int index, Structure structure, double value) {
    mask[index] = structure.value();
    hu[index] = (float) value;
  }

  /** Mixes a value in by its share of the voxel. */
  void mix(int index, double value, double share) {
    hu[index] += (float) ((value - hu[index]) * share);
  }

  /** The share of a voxel that lies inside a surface at this signed depth, roughly. */
  double coverage(double depth) {
    return Math.min(1, Math.max(0, 0.5 + depth / step));
  }

  Volume volume() {
    return new Volume(hu, size[2], size[1], size[0], toWorld);
  }

  Volume maskVolume() {
    return new Volume(mask, size[2], size[1], size[0], toWorld);
  }

  private static double square(double v) {
    return v * v;
  }
}
