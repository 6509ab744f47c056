package io.t3d.data.transform.internal;

import java.util.Locale;

/**
 * Orientation codes: one letter per axis in (x, y, z) order, of the pairs R/L, A/P and S/I, that
 * names the direction in which the voxel index grows.
 */
public final class AxisCodes {
  private static final String POSITIVE = "RAS";
  private static final String NEGATIVE = "LPI";

  private AxisCodes() {}

  /**
   * Codes in upper case.
   *
   * @throws IllegalArgumentException unless each of the three directions is named once
   */
  public static String checked(String codes) {
    String upper = codes.toUpperCase(Locale.ROOT);
    int seen = 0;
    for (int i = 0; i < upper.length(); i++) {
      int axis = worldAxis(upper.charAt(i));
      seen |= axis < 0 ? 8 : 1 << axis;
    }
    if (upper.length() != 3 || seen != 7) {
      throw new IllegalArgumentException(
          "codes must name one of R/L, one of A/P and one of S/I, e.g. RAS or LPS, got " + upper);
    }
    return upper;
  }

  /**
   * The axis (0, 1, 2 for x, y, z) that runs along a direction, forwards or backwards.
   *
   * @param codes of the axes, checked
   * @param direction one of the six letters
   */
  public static int axisAlong(String codes, char direction) {
    int axis = 0;
    while (worldAxis(codes.charAt(axis)) != worldAxis(direction)) {
      axis++;
    }
    return axis;
  }

  /** 0, 1, 2 for the world's x, y, z; -1 for no direction. */
  private static int worldAxis(char code) {
    return Math.max(POSITIVE.indexOf(code), NEGATIVE.indexOf(code));
  }
}
