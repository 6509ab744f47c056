package io.t3d.core.internal;

import org.jspecify.annotations.Nullable;

/** Checks of settings with one wording. */
public final class Checks {
  private Checks() {}

  /** Requires {@code value > 0}. */
  public static void positive(String name, double value) {
    if (!(value > 0) || Double.isInfinite(value)) {
      throw new IllegalArgumentException(name + " must be > 0, got " + value);
    }
  }

  /** Requires a text that is not blank. */
  public static void named(String name, @Nullable String value) {
    if (value == null || value.isBlank()) {
      throw new IllegalArgumentException(name + " must not be blank, got " + value);
    }
  }

  /** Requires {@code low <= value <= high}. */
  public static void inRange(String name, double value, double low, double high) {
    if (!(value >= low && value <= high)) {
      throw new IllegalArgumentException(
          name + " must be in [" + low + ", " + high + "], got " + value);
    }
  }

  /** Requires that {@code divisor} divides {@code value}. */
  public static void divides(String name, int value, String divisorName, int divisor) {
    if (divisor <= 0 || value % divisor != 0) {
      throw new IllegalArgumentException(
          name + " must be a multiple of " + divisorName + ", got " + value + " and " + divisor);
    }
  }
}
