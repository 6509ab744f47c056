package io.t3d.core.volume;

/**
 * Distance between neighbouring voxels in millimetres, in array order.
 *
 * @param z mm along depth
 * @param y mm along height
 * @param x mm along width
 */
public record Spacing(double z, double y, double x) {
  /** Checks that all three are finite and positive. */
  public Spacing {
    for (double v : new double[] {z, y, x}) {
      if (!(v > 0) || Double.isInfinite(v)) {
        throw new IllegalArgumentException(
            "Spacing must be finite and > 0 mm, got (z=" + z + ", y=" + y + ", x=" + x + ")");
      }
    }
  }

  /** The same spacing along all three axes. */
  public static Spacing isotropic(double mm) {
    return new Spacing(mm, mm, mm);
  }
}
