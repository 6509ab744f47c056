package io.t3d.data.internal;

/** Derives seeds from what they stand for, so that any part of a run can be repeated by itself. */
public final class Seeds {
  private Seeds() {}

  /** Mixes numbers into a seed; their order matters. */
  public static long mix(long... parts) {
    long h = 0x9E3779B97F4A7C15L;
    for (long part : parts) {
      h = finish(h + 0x9E3779B97F4A7C15L ^ finish(part + 0x632BE59BD9B4E019L));
    }
    return h;
  }

  /** The finalizer of SplitMix64 (Steele, Lea, Flood 2014). */
  private static long finish(long z) {
    long a = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    long b = (a ^ (a >>> 27)) * 0x94D049BB133111EBL;
    return b ^ (b >>> 31);
  }
}
