package io.t3d.data.phantom.generate;

/** Smooth noise in [0, 1): random values on a lattice, interpolated. */
final class Texture {
  private final long seed;
  private final double cell;

  /**
   * @param seed of the lattice
   * @param cell distance of its points, mm
   */
  Texture(long seed, double cell) {
    this.seed = seed;
    this.cell = cell;
  }

  double at(double x, double y, double z) {
    double u = x / cell;
    double v = y / cell;
    double w = z / cell;
    long i = (long) Math.floor(u);
    long j = (long) Math.floor(v);
    long k = (long) Math.floor(w);
    double sum = 0;
    for (int corner = 0; corner < 8; corner++) {
      int a = corner & 1;
      int b = corner >> 1 & 1;
      int c = corner >> 2;
      double weight =
          (1 - Math.abs(u - i - a)) * (1 - Math.abs(v - j - b)) * (1 - Math.abs(w - k - c));
      sum += weight * lattice(i + a, j + b, k + c);
    }
    return sum;
  }

  /** SplitMix64's finalizer over the point. */
  private double lattice(long i, long j, long k) {
    long h = seed + 0x9E3779B97F4A7C15L * (i + 1_000_003 * (j + 1_000_003 * k));
    h = (h ^ (h >>> 30)) * 0xBF58476D1CE4E5B9L;
    h = (h ^ (h >>> 27)) * 0x94D049BB133111EBL;
    return ((h ^ (h >>> 31)) >>> 11) * 0x1p-53;
  }
}
