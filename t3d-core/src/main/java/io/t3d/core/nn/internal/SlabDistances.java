package io.t3d.core.nn.internal;

/** Distances between the tokens of a slab of h·w along y and x, and which of them a pair has. */
public final class SlabDistances {
  private SlabDistances() {}

  /**
   * Every distance as {@code sign(d)·log(1 + |d|)}.
   *
   * @return {@code ((2h − 1)·(2w − 1), 2)}; row {@code (dy + h − 1)·(2w − 1) + dx + w − 1} holds
   *     (dy, dx)
   */
  public static float[] signedLogs(int h, int w) {
    float[] out = new float[(2 * h - 1) * (2 * w - 1) * 2];
    int at = 0;
    for (int dy = 1 - h; dy < h; dy++) {
      for (int dx = 1 - w; dx < w; dx++) {
        out[at++] = signedLog(dy);
        out[at++] = signedLog(dx);
      }
    }
    return out;
  }

  private static float signedLog(int distance) {
    return (float) (Math.signum((double) distance) * Math.log1p(Math.abs(distance)));
  }

  /** The row of each pair (query, key), {@code (h·w, h·w)}. */
  public static long[] pairs(int h, int w) {
    long[] out = new long[h * w * h * w];
    int at = 0;
    for (int i = 0; i < h * w; i++) {
      for (int j = 0; j < h * w; j++) {
        int dy = i / w - j / w;
        int dx = i % w - j % w;
        out[at++] = (dy + h - 1L) * (2L * w - 1) + dx + w - 1;
      }
    }
    return out;
  }
}
