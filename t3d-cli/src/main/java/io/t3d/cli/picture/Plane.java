package io.t3d.cli.picture;

import io.t3d.core.volume.Volume;
import io.t3d.core.volume.VoxelBox;
import io.t3d.data.transform.Crop;
import io.t3d.data.transform.Reorient;

/**
 * A cut through the patient: where the columns, the rows (downwards) and the slices go to.
 *
 * <p>Radiological convention: the patient's right is at the left of axial and coronal slices,
 * anterior at the top of axial and at the left of sagittal ones, superior at the top of the others.
 * Oblique volumes are cut along their own axes, each taken for the closest axis of the patient.
 *
 * @see Reorient
 */
enum Plane {
  AXIAL("LPS", "SI", 2),
  CORONAL("LIP", "AP", 1),
  SAGITTAL("PIL", "RL", 0);

  private static final String CODES = "RLAPSI";

  private final String codes;
  private final String across;
  private final int world;

  Plane(String codes, String across, int world) {
    this.codes = codes;
    this.across = across;
    this.world = world;
  }

  /** The axis (z = 0, y = 1, x = 2) along which this plane's slices follow each other. */
  int axis(Volume v) {
    int axis = 0;
    while (across.indexOf(v.orientation().charAt(axis)) < 0) {
      axis++;
    }
    return 2 - axis;
  }

  /** How many slices there are. */
  int slices(Volume v) {
    return new int[] {v.depth(), v.height(), v.width()}[axis(v)];
  }

  /** A slice, as a volume (1, rows, columns). */
  Volume cut(Volume v, int slice) {
    int[] start = new int[3];
    int[] size = {v.depth(), v.height(), v.width()};
    start[axis(v)] = slice;
    size[axis(v)] = 1;
    VoxelBox box = new VoxelBox(start[0], start[1], start[2], size[0], size[1], size[2]);
    return new Reorient(codes).apply(new Crop(box, 0).apply(v));
  }

  /** Where a slice's centre lies, e.g. {@code axial, S 12 mm}. */
  String position(Volume v, int slice) {
    double[] at = {(v.depth() - 1) / 2.0, (v.height() - 1) / 2.0, (v.width() - 1) / 2.0};
    at[axis(v)] = slice;
    long mm = Math.round(v.affine().apply(at[2], at[1], at[0])[world]);
    // RAS+: right, anterior and superior are the positive ends.
    char towards = mm < 0 ? opposite(CODES.charAt(2 * world)) : CODES.charAt(2 * world);
    return name().toLowerCase(java.util.Locale.ROOT) + ", " + towards + " " + Math.abs(mm) + " mm";
  }

  /** The patient's side at the left, right, upper and lower edge. */
  String edges() {
    char right = codes.charAt(0);
    char bottom = codes.charAt(1);
    return "" + opposite(right) + right + opposite(bottom) + bottom;
  }

  private static char opposite(char code) {
    return CODES.charAt(CODES.indexOf(code) ^ 1);
  }
}
