package io.t3d.core.volume;

import java.util.Arrays;

/**
 * An immutable map of 3D points, {@code p ↦ M·p + t}, in double precision. As the geometry of a
 * volume it takes a voxel index (x, y, z) to world millimetres in RAS+.
 *
 * <p>{@link #matrix()} gives the rows {@code (3, 4)} in row-major order; the last row (0, 0, 0, 1)
 * is implied.
 */
public final class Affine {
  private static final Affine IDENTITY = of(1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0);

  private final double[] m;

  private Affine(double[] m) {
    this.m = m;
  }

  /**
   * Builds an affine from its rows.
   *
   * @param rows 12 values {@code (3, 4)}, row-major; 16 values are taken when the last row is (0,
   *     0, 0, 1)
   * @throws IllegalArgumentException when the count differs, a value is not finite, or the linear
   *     part is singular
   */
  public static Affine of(double... rows) {
    boolean full =
        rows.length == 16 && rows[12] == 0 && rows[13] == 0 && rows[14] == 0 && rows[15] == 1;
    if (rows.length != 12 && !full) {
      throw new IllegalArgumentException(
          "An affine has 12 values (3, 4), or 16 with the last row (0, 0, 0, 1), got "
              + Arrays.toString(rows));
    }
    double[] m = Arrays.copyOf(rows, 12);
    for (double v : m) {
      if (!Double.isFinite(v)) {
        throw new IllegalArgumentException(
            "An affine must be finite, got "
                + Arrays.toString(m)
                + "; the file's header is broken");
      }
    }
    Affine affine = new Affine(m);
    double size = 1;
    for (int c = 0; c < 3; c++) {
      size *= affine.columnNorm(c);
    }
    if (!(size > 0) || Math.abs(affine.determinant()) < 1e-9 * size) {
      throw new IllegalArgumentException(
          "An affine must be invertible, got "
              + Arrays.toString(m)
              + "; two voxel axes point the same way or one has length 0");
    }
    return affine;
  }

  /** The map that leaves points where they are. */
  public static Affine identity() {
    return IDENTITY;
  }

  /** Axis-aligned: {@code p ↦ (sx·x + tx, sy·y + ty, sz·z + tz)}. */
  public static Affine scaleTranslate(
      double sx, double sy, double sz, double tx, double ty, double tz) {
    return of(sx, 0, 0, tx, 0, sy, 0, ty, 0, 0, sz, tz);
  }

  /**
   * The geometry of an RAS volume with this spacing whose first voxel lies at the world's origin.
   */
  public static Affine of(Spacing spacing) {
    return scaleTranslate(spacing.x(), spacing.y(), spacing.z(), 0, 0, 0);
  }

  /** A copy of the rows {@code (3, 4)}, row-major. */
  public double[] matrix() {
    return m.clone();
  }

  /** The entry at row 0..2 and column 0..3. */
  public double get(int row, int column) {
    return m[row * 4 + column];
  }

  /** Maps the point (x, y, z). */
  public double[] apply(double x, double y, double z) {
    return new double[] {
      m[0] * x + m[1] * y + m[2] * z + m[3],
      m[4] * x + m[5] * y + m[6] * z + m[7],
      m[8] * x + m[9] * y + m[10] * z + m[11]
    };
  }

  /** The map that applies {@code inner} first and this one after: {@code p ↦ this(inner(p))}. */
  public Affine compose(Affine inner) {
    double[] r = new double[12];
    for (int row = 0; row < 3; row++) {
      for (int col = 0; col < 4; col++) {
        double sum = col == 3 ? get(row, 3) : 0;
        for (int k = 0; k < 3; k++) {
          sum += get(row, k) * inner.get(k, col);
        }
        r[row * 4 + col] = sum;
      }
    }
    return of(r);
  }

  /** The inverse map. */
  public Affine inverse() {
    double d = determinant();
    double[] r = new double[12];
    for (int row = 0; row < 3; row++) {
      for (int col = 0; col < 3; col++) {
        int r1 = (col + 1) % 3;
        int r2 = (col + 2) % 3;
        int c1 = (row + 1) % 3;
        int c2 = (row + 2) % 3;
        r[row * 4 + col] = (get(r1, c1) * get(r2, c2) - get(r1, c2) * get(r2, c1)) / d;
      }
    }
    for (int row = 0; row < 3; row++) {
      r[row * 4 + 3] = -(r[row * 4] * m[3] + r[row * 4 + 1] * m[7] + r[row * 4 + 2] * m[11]);
    }
    return of(r);
  }

  /** The determinant of the linear part; negative when the axes form a left-handed frame. */
  public double determinant() {
    return m[0] * (m[5] * m[10] - m[6] * m[9])
        - m[1] * (m[4] * m[10] - m[6] * m[8])
        + m[2] * (m[4] * m[9] - m[5] * m[8]);
  }

  /** The lengths of the columns: distances between neighbouring voxels. */
  public Spacing spacing() {
    return new Spacing(columnNorm(2), columnNorm(1), columnNorm(0));
  }

  /**
   * The axis codes of the voxel axes x, y, z, e.g. {@code RAS} or {@code LPI}: the world direction
   * in which each index grows. Each world axis is given to the voxel axis that follows it most
   * closely, strongest first, so that oblique volumes get three different letters.
   */
  public String orientation() {
    char[] codes = new char[3];
    boolean[] rowUsed = new boolean[3];
    for (int n = 0; n < 3; n++) {
      int bestRow = -1;
      int bestCol = -1;
      double best = -1;
      for (int col = 0; col < 3; col++) {
        for (int row = 0; row < 3 && codes[col] == 0; row++) {
          double v = Math.abs(get(row, col)) / columnNorm(col);
          if (!rowUsed[row] && v > best) {
            best = v;
            bestRow = row;
            bestCol = col;
          }
        }
      }
      rowUsed[bestRow] = true;
      codes[bestCol] = (get(bestRow, bestCol) > 0 ? "RAS" : "LPI").charAt(bestRow);
    }
    return new String(codes);
  }

  private double columnNorm(int c) {
    return Math.sqrt(m[c] * m[c] + m[4 + c] * m[4 + c] + m[8 + c] * m[8 + c]);
  }

  @Override
  public boolean equals(Object o) {
    return o instanceof Affine other && Arrays.equals(m, other.m);
  }

  @Override
  public int hashCode() {
    return Arrays.hashCode(m);
  }

  @Override
  public String toString() {
    return "Affine" + Arrays.toString(m);
  }
}
