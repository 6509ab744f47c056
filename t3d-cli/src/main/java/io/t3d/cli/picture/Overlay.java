package io.t3d.cli.picture;

import io.t3d.core.config.Size3;
import io.t3d.core.volume.Volume;
import io.t3d.data.transform.Interpolation;
import io.t3d.data.transform.ResampleTo;
import java.awt.image.BufferedImage;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import java.util.function.DoubleUnaryOperator;

/** What is laid over slices: outlines with a faint fill, so that the CT below stays readable. */
sealed interface Overlay {
  /** Of the volume's size. */
  Volume values();

  /** How much a voxel's value counts when slices are chosen. */
  DoubleUnaryOperator weights();

  /**
   * Paints a slice's values over its picture.
   *
   * @param slice (1, rows, columns)
   */
  void paint(Volume slice, BufferedImage picture);

  /** The name and colour of each thing that can be seen. */
  List<Entry> legend();

  /** A line of the legend. */
  record Entry(String name, int rgb) {}

  /** Opacity of what fills an outline. */
  double FILL = 0.25;

  /**
   * A segmentation: voxels above 0.5, rounded to labels.
   *
   * @param names of the labels 1, 2, …; labels beyond are named by their number
   */
  record Labels(Volume values, List<String> names) implements Overlay {
    /** What the second and third eight labels are mixed with. */
    private static final int[] SHADES = {0, 0xffffff, 0x000000};

    /** Colours of the labels 1 to 8: far apart in hue, none of them grey. */
    private static final int[] RGB = {
      0xff4030, 0x30a0ff, 0x40d040, 0xffc020, 0xd050ff, 0x20d0d0, 0xff80b0, 0xa0e020
    };

    /** Each label counts the same, however large it is: a nodule beside a body is what to show. */
    @Override
    public DoubleUnaryOperator weights() {
      Map<Integer, Integer> voxels = new HashMap<>();
      for (float value : values.voxels()) {
        voxels.merge(labelOf(value), 1, Integer::sum);
      }
      return value -> value > 0.5 ? 1.0 / voxels.get(labelOf((float) value)) : 0;
    }

    @Override
    public void paint(Volume slice, BufferedImage picture) {
      int[] labels = smooth(slice, picture.getWidth(), picture.getHeight());
      Outlines.paint(picture, labels, label -> label == 0 ? -1 : rgb(label), FILL);
    }

    /**
     * Each pixel's label. Edges are those of the interpolated mask, not the steps of its voxels.
     */
    private static int[] smooth(Volume slice, int width, int height) {
      Size3 size = new Size3(1, height, width);
      int[] labels = new int[width * height];
      float[] best = new float[labels.length];
      for (int label : labels(slice)) {
        float[] own = new float[slice.voxels().length];
        for (int i = 0; i < own.length; i++) {
          own[i] = labelOf(slice.voxels()[i]) == label ? 1 : 0;
        }
        Volume one = slice.withVoxels(own);
        // A structure of few voxels may never reach one half: it must be seen all the same.
        if (!take(label, new ResampleTo(size, Interpolation.LINEAR).apply(one), labels, best)) {
          take(label, new ResampleTo(size, Interpolation.NEAREST).apply(one), labels, best);
        }
      }
      return labels;
    }

    private static boolean take(int label, Volume share, int[] labels, float[] best) {
      boolean any = false;
      for (int i = 0; i < labels.length; i++) {
        float here = share.voxels()[i];
        if (here >= 0.5f && here > best[i]) {
          labels[i] = label;
          best[i] = here;
          any = true;
        }
      }
      return any;
    }

    private static TreeSet<Integer> labels(Volume v) {
      TreeSet<Integer> found = new TreeSet<>();
      for (float value : v.voxels()) {
        if (value > 0.5f) {
          found.add(labelOf(value));
        }
      }
      return found;
    }

    private static int labelOf(float value) {
      return value > 0.5f ? Math.max(1, Math.round(value)) : 0;
    }

    private static int rgb(int label) {
      int base = RGB[(label - 1) % RGB.length];
      int round = (label - 1) / RGB.length % SHADES.length;
      return Outlines.blend(base, SHADES[round], round == 0 ? 0 : 0.45);
    }

    @Override
    public List<Entry> legend() {
      List<Entry> entries = new ArrayList<>();
      for (int label : labels(values)) {
        String name = label <= names.size() ? names.get(label - 1) : "label " + label;
        entries.add(new Entry(name, rgb(label)));
      }
      return entries;
    }
  }

  /**
   * Heat in [0, 1], the same colours in every picture; values beyond are taken for the nearer end.
   *
   * @param name what is hot, with what 0 and 1 stand for
   */
  record Heat(Volume values, String name) implements Overlay {
    /**
     * From least to most: dark violet, red, orange, light yellow. Told apart without colour too.
     */
    private static final int[] RGB = {0x200050, 0x90206a, 0xe05030, 0xffa820, 0xfff8a0};

    /** Outlines are drawn where heat crosses multiples of 1 / STEPS. */
    private static final int STEPS = 4;

    @Override
    public DoubleUnaryOperator weights() {
      return value -> Math.max(0, Math.min(1, value));
    }

    @Override
    public void paint(Volume slice, BufferedImage picture) {
      int width = picture.getWidth();
      Size3 size = new Size3(1, picture.getHeight(), width);
      float[] heat = new ResampleTo(size, Interpolation.LINEAR).apply(slice).voxels();
      int[] levels = new int[heat.length];
      for (int i = 0; i < heat.length; i++) {
        levels[i] = (int) Math.min(STEPS - 1, Math.max(0, heat[i]) * STEPS);
        int rgb = picture.getRGB(i % width, i / width);
        picture.setRGB(i % width, i / width, Outlines.blend(rgb, heatRgb(heat[i]), FILL));
      }
      Outlines.paint(picture, levels, l -> l == 0 ? -1 : heatRgb((float) l / (STEPS - 1)), 0);
    }

    static int heatRgb(float value) {
      double at = Math.max(0, Math.min(1, value)) * (RGB.length - 1);
      int below = Math.min(RGB.length - 2, (int) at);
      return Outlines.blend(RGB[below], RGB[below + 1], at - below);
    }

    @Override
    public List<Entry> legend() {
      return List.of(new Entry("least", RGB[0]), new Entry("most " + name, RGB[RGB.length - 1]));
    }
  }
}
