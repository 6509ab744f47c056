package io.t3d.data.io.internal.format;

/** Unit quaternions as NIfTI stores them: (b, c, d), with a ≥ 0 left out. */
final class Quaternion {
  /** How far the squared length may be from 1 before a = 0 is refused; nibabel's threshold. */
  private static final double TOLERANCE = 3 * Math.ulp(1f);

  /**
   * How far the squared length may be above 1: numbers rounded to 5 digits. nibabel refuses them,
   * the standard's own C library, and so ITK, FSL and ANTs, take them at length 1, as we do.
   */
  private static final double ROUNDED = 1e-4;

  private Quaternion() {}

  /** The rotation's nine entries, row-major; empty when (b, c, d) is too long, or NaN. */
  static double[] toMatrix(double b, double c, double d) {
    double rest = 1.0 - (b * b + c * c + d * d);
    double a;
    if (rest > -ROUNDED && rest < TOLERANCE) {
      a = 0;
    } else if (rest >= 0) {
      a = Math.sqrt(rest);
    } else {
      return new double[0];
    }
    double s = 2.0 / (a * a + b * b + c * c + d * d);
    double x = b * s;
    double y = c * s;
    double z = d * s;
    return new double[] {
      1.0 - (c * y + d * z),
      b * y - a * z,
      b * z + a * y,
      b * y + a * z,
      1.0 - (b * x + d * z),
      c * z - a * x,
      b * z - a * y,
      c * z + a * x,
      1.0 - (b * x + c * y)
    };
  }

  /** (b, c, d) of a proper rotation given by nine entries, row-major. */
  static double[] ofMatrix(double[] r) {
    double[] q = new double[4]; // a, b, c, d
    double trace = r[0] + r[4] + r[8];
    if (trace > 0) {
      double s = Math.sqrt(trace + 1) * 2;
      q[0] = s / 4;
      q[1] = (r[7] - r[5]) / s;
      q[2] = (r[2] - r[6]) / s;
      q[3] = (r[3] - r[1]) / s;
    } else {
      // The largest diagonal entry gives the safest division.
      int i = r[0] >= r[4] && r[0] >= r[8] ? 0 : r[4] >= r[8] ? 1 : 2;
      int j = (i + 1) % 3;
      int k = (i + 2) % 3;
      double s = Math.sqrt(1 + r[i * 4] - r[j * 4] - r[k * 4]) * 2;
      q[0] = (r[k * 3 + j] - r[j * 3 + k]) / s;
      q[1 + i] = s / 4;
      q[1 + j] = (r[j * 3 + i] + r[i * 3 + j]) / s;
      q[1 + k] = (r[k * 3 + i] + r[i * 3 + k]) / s;
    }
    double sign = q[0] < 0 ? -1 : 1;
    return new double[] {sign * q[1], sign * q[2], sign * q[3]};
  }
}
