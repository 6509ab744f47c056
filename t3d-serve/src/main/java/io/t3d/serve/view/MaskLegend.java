package io.t3d.serve.view;

import io.t3d.core.T3dException;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.spi.PixelType;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * A mask's values with names, colours and volumes, and the mask as their numbers: 0 where nothing
 * is, else the position in the legend, from 1. Negative and large values are drawn like any other.
 *
 * @param entries in the order of their values
 * @param numbers the mask as positions in {@code entries}
 */
record MaskLegend(List<Entry> entries, Volume numbers) {
  /** Colours of the labels 1, 2, 3, … in pictures of {@code ./t3d inspect}, too. */
  private static final int[] COLOURS = {
    0xff4030, 0x30a0ff, 0x40d040, 0xffc020, 0xd050ff, 0x20d0d0, 0xff80b0, 0xa0e020
  };

  private static final int WHITE = 0xffffff;
  private static final int LAST_OF_UINT8 = 255;

  /**
   * One value of a mask.
   *
   * @param value in the file
   * @param name its name, or its number
   * @param colour as {@code #rrggbb}
   * @param voxels how many have it
   * @param millilitres their volume
   */
  record Entry(int value, String name, String colour, long voxels, double millilitres) {}

  /**
   * The legend of a mask.
   *
   * @param mask whole numbers from -32768 to 32767, 0 where nothing is
   * @param names of its values
   */
  static MaskLegend of(Volume mask, Map<Integer, String> names) {
    float[] values = mask.voxels();
    TreeMap<Integer, long[]> counts = new TreeMap<>();
    for (float value : values) {
      if (value != 0) {
        counts.computeIfAbsent((int) value, v -> new long[1])[0]++;
      }
    }
    if (counts.size() > Short.MAX_VALUE) {
      throw new T3dException(
          T3dException.Kind.INPUT,
          "A legend has at most " + Short.MAX_VALUE + " values, the mask has " + counts.size());
    }
    double millilitres = Math.abs(mask.affine().determinant()) / 1000;
    List<Entry> entries = new ArrayList<>();
    Map<Integer, Integer> positions = new TreeMap<>();
    counts.forEach(
        (value, count) -> {
          String name = names.getOrDefault(value, "Label " + value);
          entries.add(new Entry(value, name, colour(value), count[0], count[0] * millilitres));
          positions.put(value, entries.size());
        });
    float[] numbers = new float[values.length];
    for (int i = 0; i < values.length; i++) {
      numbers[i] = values[i] == 0 ? 0 : positions.get((int) values[i]);
    }
    return new MaskLegend(List.copyOf(entries), mask.withVoxels(numbers));
  }

  /** How the numbers are served. */
  PixelType type() {
    return entries.size() <= LAST_OF_UINT8 ? PixelType.UINT8 : PixelType.INT16;
  }

  /** The colour of a value; each further round of them is paler. */
  private static String colour(int value) {
    int at = Math.floorMod(value - 1, COLOURS.length);
    int round = Math.floorDiv(value - 1, COLOURS.length);
    double pale = 0.75 * (1 - Math.pow(0.6, Math.abs(round)));
    int rgb = COLOURS[at];
    int mixed = 0;
    for (int shift = 0; shift <= 16; shift += 8) {
      int part = rgb >> shift & 0xff;
      int white = WHITE >> shift & 0xff;
      mixed |= (int) Math.round(part + pale * (white - part)) << shift;
    }
    return String.format("#%06x", mixed);
  }
}
