package io.t3d.cli.page.part;

import java.util.Locale;

/**
 * A horizontal bar.
 *
 * @param name beside it
 * @param value in [0, 1]; NaN where it is not defined
 */
public record Bar(String name, double value) {
  /** Its length, per cent. */
  public String percent() {
    return Double.isNaN(value) ? "0" : String.format(Locale.ROOT, "%.1f", 100 * value);
  }

  /** The value in three digits. */
  public String text() {
    return Double.isNaN(value) ? "–" : String.format(Locale.ROOT, "%.3f", value);
  }
}
