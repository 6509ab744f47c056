package io.t3d.core.config;

import io.t3d.core.internal.Checks;

/**
 * Three sizes in (z, y, x) order.
 *
 * @param depth along z
 * @param height along y
 * @param width along x
 */
public record Size3(int depth, int height, int width) {
  /** Checks that all are &gt; 0. */
  public Size3 {
    Checks.positive("depth", depth);
    Checks.positive("height", height);
    Checks.positive("width", width);
  }

  /** The same size along all axes. */
  public static Size3 cube(int side) {
    return new Size3(side, side, side);
  }
}
