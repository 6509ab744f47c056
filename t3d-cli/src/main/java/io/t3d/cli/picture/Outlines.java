package io.t3d.cli.picture;

import java.awt.image.BufferedImage;
import java.util.function.IntUnaryOperator;

/** Thin outlines around regions of a picture. */
final class Outlines {
  private Outlines() {}

  /**
   * Paints the inner edge of each region in its colour, and its inside faintly.
   *
   * @param regions a number per pixel, row by row; neighbours of one number are one region
   * @param rgb the colour of a number; -1 for none
   * @param fill opacity of the inside
   */
  static void paint(BufferedImage picture, int[] regions, IntUnaryOperator rgb, double fill) {
    int width = picture.getWidth();
    int height = picture.getHeight();
    for (int y = 0; y < height; y++) {
      for (int x = 0; x < width; x++) {
        int region = regions[y * width + x];
        int colour = rgb.applyAsInt(region);
        if (colour < 0) {
          continue;
        }
        double opacity =
            isEdge(regions, width, height, x, y, 1)
                ? 1
                : isEdge(regions, width, height, x, y, 2) ? Math.max(fill, 0.6) : fill;
        picture.setRGB(x, y, blend(picture.getRGB(x, y), colour, opacity));
      }
    }
  }

  /** Whether a pixel of another region lies within so many steps. */
  private static boolean isEdge(int[] regions, int width, int height, int x, int y, int reach) {
    int own = regions[y * width + x];
    for (int dy = -reach; dy <= reach; dy++) {
      for (int dx = -reach; dx <= reach; dx++) {
        int ax = x + dx;
        int ay = y + dy;
        boolean inside = ax >= 0 && ay >= 0 && ax < width && ay < height;
        if (inside && Math.abs(dx) + Math.abs(dy) <= reach && regions[ay * width + ax] != own) {
          return true;
        }
      }
    }
    return false;
  }

  static int blend(int rgb, int over, double opacity) {
    int mixed = 0;
    for (int shift = 0; shift <= 16; shift += 8) {
      int below = rgb >> shift & 0xff;
      int above = over >> shift & 0xff;
      mixed |= (int) Math.round(below + opacity * (above - below)) << shift;
    }
    return mixed;
  }
}
