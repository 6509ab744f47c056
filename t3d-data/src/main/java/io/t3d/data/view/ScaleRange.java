package io.t3d.data.view;

/**
 * The fraction of a volume that a crop covers along each axis; drawn uniformly for each axis.
 *
 * @param min smallest fraction, &gt; 0
 * @param max largest fraction, ≤ 1
 */
public record ScaleRange(double min, double max) {
  /** Checks 0 &lt; min ≤ max ≤ 1. */
  public ScaleRange {
    if (!(min > 0 && min <= max && max <= 1)) {
      throw new IllegalArgumentException(
          "A ScaleRange must have 0 < min <= max <= 1 (fractions of the volume per axis), got min "
              + min
              + " and max "
              + max);
    }
  }
}
