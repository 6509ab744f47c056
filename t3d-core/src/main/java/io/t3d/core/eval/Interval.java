package io.t3d.core.eval;

/**
 * A confidence interval.
 *
 * @param lower lower end
 * @param upper upper end
 */
public record Interval(double lower, double upper) {
  /** Checks the order. */
  public Interval {
    if (!(lower <= upper)) {
      throw new IllegalArgumentException(
          "An interval needs lower <= upper, got " + lower + " and " + upper);
    }
  }

  /** Whether a value lies in it. */
  public boolean contains(double value) {
    return lower <= value && value <= upper;
  }
}
