package io.t3d.cli.picture;

import io.t3d.core.T3dException;
import io.t3d.core.config.Size3;
import io.t3d.core.volume.Spacing;
import io.t3d.core.volume.Volume;
import io.t3d.core.volume.VoxelBox;
import io.t3d.data.transform.Crop;
import io.t3d.data.transform.IntensityWindow;
import io.t3d.data.transform.Interpolation;
import io.t3d.data.transform.Reorient;
import io.t3d.data.transform.ResampleTo;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import javax.imageio.ImageIO;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/**
 * Draws an axial, a coronal and a sagittal slice side by side, in this order; a montage of several
 * slices has one such row for each.
 *
 * <p>Radiological convention: the patient's right is at the left of the axial and coronal slices,
 * anterior at the top of the axial and at the left of the sagittal slice, superior at the top of
 * the others. All three have the same millimetres per pixel. Oblique volumes are cut along their
 * own axes, each taken for the closest axis of the patient.
 */
public final class SliceImages {
  /** Pixels of the longest side of a slice. */
  private static final int LONGEST_SIDE = 256;

  private static final int GAP = 4;

  /** Colours of the labels 1, 2, 3, …, repeated: far apart in hue, none of them grey. */
  private static final int[] OVERLAY_RGB = {
    0xff4030, 0x30a0ff, 0x40d040, 0xffc020, 0xd050ff, 0x20d0d0, 0xff80b0, 0xa0e020
  };

  private static final double OVERLAY_OPACITY = 0.45;

  /** From least to most: dark violet, red, orange, light yellow. Told apart without colour too. */
  private static final int[] HEAT_RGB = {0x200050, 0x90206a, 0xe05030, 0xffa820, 0xfff8a0};

  /** What is laid over: labels in colours of their own, or heat in [0, 1]. */
  private record Overlay(Volume values, boolean heat) {
    Overlay cut(Plane plane, int[] centre) {
      return new Overlay(plane.cut(values, centre), heat);
    }

    /** The colour of a voxel's value; -1 for none. */
    int rgb(float value) {
      if (heat) {
        return heatRgb(value);
      }
      return value > 0.5f ? OVERLAY_RGB[(Math.round(value) - 1) % OVERLAY_RGB.length] : -1;
    }
  }

  private static int heatRgb(float value) {
    double at = Math.max(0, Math.min(1, value)) * (HEAT_RGB.length - 1);
    int below = Math.min(HEAT_RGB.length - 2, (int) at);
    return blend(HEAT_RGB[below], HEAT_RGB[below + 1], at - below);
  }

  /**
   * A cut through the patient: where the columns, the rows (downwards) and the slices go to.
   *
   * @see Reorient
   */
  private enum Plane {
    AXIAL("LPS"),
    CORONAL("LIP"),
    SAGITTAL("PIL");

    private final String codes;

    Plane(String codes) {
      this.codes = codes;
    }

    /** The slice through a voxel (z, y, x), as a volume (1, rows, columns). */
    Volume cut(Volume v, int[] centre) {
      int[] start = new int[3];
      int[] size = {v.depth(), v.height(), v.width()};
      int axis = 2 - voxelAxis(v.orientation());
      start[axis] = centre[axis];
      size[axis] = 1;
      VoxelBox box = new VoxelBox(start[0], start[1], start[2], size[0], size[1], size[2]);
      return new Reorient(codes).apply(new Crop(box, 0).apply(v));
    }

    /** The voxel axis (x = 0) that runs across this plane. */
    private int voxelAxis(String orientation) {
      String across = this == AXIAL ? "SI" : this == CORONAL ? "AP" : "RL";
      int axis = 0;
      while (across.indexOf(orientation.charAt(axis)) < 0) {
        axis++;
      }
      return axis;
    }
  }

  private SliceImages() {}

  /** The middle slices as a PNG file. */
  public static byte[] png(Volume volume, IntensityWindow window) {
    return encode(montage(volume, window));
  }

  /**
   * The slices through the mask's centre of mass (the middle ones when it is empty) as a PNG file,
   * with the mask laid over in colour.
   *
   * @param mask of the volume's size; voxels above 0.5 belong to it. Rounded values are labels,
   *     each with its colour: label 1 is red
   * @throws IllegalArgumentException when the sizes differ
   */
  public static byte[] png(Volume volume, IntensityWindow window, Volume mask) {
    return encode(montage(volume, window, mask));
  }

  /**
   * The middle slices as a PNG file, with values laid over as heat: dark violet is 0, light yellow
   * 1, the same in every picture.
   *
   * @param heat of the volume's size, in [0, 1]; values beyond are taken for the nearer end
   * @throws IllegalArgumentException when the sizes differ
   */
  public static byte[] heatPng(Volume volume, IntensityWindow window, Volume heat) {
    requireSameSize(volume, heat);
    return encode(row(volume, window, Optional.of(new Overlay(heat, true)), middle(volume)));
  }

  /** The middle slices as an RGB image. */
  public static BufferedImage montage(Volume volume, IntensityWindow window) {
    return row(volume, window, Optional.empty(), middle(volume));
  }

  /** As {@link #png(Volume, IntensityWindow, Volume)}, as an RGB image. */
  public static BufferedImage montage(Volume volume, IntensityWindow window, Volume mask) {
    return montage(volume, window, Optional.of(mask), 1);
  }

  /**
   * Rows of slices, evenly spread over the mask's bounding box, or over the volume when there is no
   * mask or it is empty.
   *
   * @param mask as in {@link #png(Volume, IntensityWindow, Volume)}
   * @param slices rows, at least 1; one alone goes through the middle or the mask's centre of mass
   * @throws IllegalArgumentException when the sizes differ or {@code slices} is below 1
   */
  public static BufferedImage montage(
      Volume volume, IntensityWindow window, Optional<Volume> mask, int slices) {
    mask.ifPresent(m -> requireSameSize(volume, m));
    if (slices < 1) {
      throw new IllegalArgumentException("slices must be >= 1, got " + slices);
    }
    if (slices == 1) {
      int[] centre = mask.map(SliceImages::centre).orElse(middle(volume));
      return row(volume, window, mask.map(m -> new Overlay(m, false)), centre);
    }
    VoxelBox box = mask.map(SliceImages::extent).orElse(volume.bounds());
    List<BufferedImage> rows = new ArrayList<>();
    for (int i = 0; i < slices; i++) {
      double at = (i + 0.5) / slices;
      int[] cut = {
        box.z0() + (int) (at * box.depth()),
        box.y0() + (int) (at * box.height()),
        box.x0() + (int) (at * box.width())
      };
      rows.add(row(volume, window, mask.map(m -> new Overlay(m, false)), cut));
    }
    return stack(rows);
  }

  /** As {@link #montage(Volume, IntensityWindow, Optional, int)}, as a PNG file. */
  public static byte[] png(
      Volume volume, IntensityWindow window, Optional<Volume> mask, int slices) {
    return encode(montage(volume, window, mask, slices));
  }

  private static void requireSameSize(Volume volume, Volume mask) {
    if (!mask.bounds().equals(volume.bounds())) {
      throw new IllegalArgumentException(
          "The mask must have the volume's size, got " + mask + " for " + volume);
    }
  }

  private static BufferedImage stack(List<BufferedImage> rows) {
    int width = rows.get(0).getWidth();
    int height = rows.get(0).getHeight();
    int all = rows.size() * (height + GAP) - GAP;
    BufferedImage image = new BufferedImage(width, all, BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < rows.size(); i++) {
      image.getRaster().setRect(0, i * (height + GAP), rows.get(i).getRaster());
    }
    return image;
  }

  private static BufferedImage row(
      Volume volume, IntensityWindow window, Optional<Overlay> overlay, int[] centre) {
    double pixel = millimetresPerPixel(volume);
    List<BufferedImage> tiles = new ArrayList<>();
    for (Plane plane : Plane.values()) {
      Volume grey = window.apply(plane.cut(volume, centre));
      tiles.add(tile(grey, overlay.map(o -> o.cut(plane, centre)), pixel));
    }
    int width = tiles.stream().mapToInt(BufferedImage::getWidth).sum() + GAP * (tiles.size() - 1);
    int height = tiles.stream().mapToInt(BufferedImage::getHeight).max().orElseThrow();
    BufferedImage all = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    int x = 0;
    for (BufferedImage tile : tiles) {
      all.getRaster().setRect(x, (height - tile.getHeight()) / 2, tile.getRaster());
      x += tile.getWidth() + GAP;
    }
    return all;
  }

  private static BufferedImage tile(Volume grey, Optional<Overlay> overlay, double pixel) {
    Spacing s = grey.spacing();
    int width = Math.max(1, (int) Math.round(grey.width() * s.x() / pixel));
    int height = Math.max(1, (int) Math.round(grey.height() * s.y() / pixel));
    Size3 size = new Size3(1, height, width);
    float[] values = new ResampleTo(size, Interpolation.LINEAR_ANTIALIASED).apply(grey).voxels();
    Optional<float[]> over =
        overlay.map(o -> new ResampleTo(size, Interpolation.NEAREST).apply(o.values()).voxels());
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < values.length; i++) {
      int level = Math.round(255 * values[i]);
      int rgb = level << 16 | level << 8 | level;
      int colour = over.isPresent() ? overlay.get().rgb(over.get()[i]) : -1;
      if (colour >= 0) {
        rgb = blend(rgb, colour, OVERLAY_OPACITY);
      }
      image.setRGB(i % width, i / width, rgb);
    }
    return image;
  }

  private static int blend(int rgb, int overlay, double opacity) {
    int mixed = 0;
    for (int shift = 0; shift <= 16; shift += 8) {
      int under = rgb >> shift & 0xff;
      int over = overlay >> shift & 0xff;
      mixed |= (int) Math.round(under + opacity * (over - under)) << shift;
    }
    return mixed;
  }

  private static double millimetresPerPixel(Volume v) {
    Spacing s = v.spacing();
    double longest = Math.max(v.depth() * s.z(), Math.max(v.height() * s.y(), v.width() * s.x()));
    return longest / LONGEST_SIDE;
  }

  private static int[] middle(Volume v) {
    return new int[] {v.depth() / 2, v.height() / 2, v.width() / 2};
  }

  private static int[] centre(Volume mask) {
    double[] sum = new double[3];
    long count = 0;
    for (int z = 0; z < mask.depth(); z++) {
      for (int y = 0; y < mask.height(); y++) {
        for (int x = 0; x < mask.width(); x++) {
          if (mask.get(z, y, x) > 0.5f) {
            sum[0] += z;
            sum[1] += y;
            sum[2] += x;
            count++;
          }
        }
      }
    }
    if (count == 0) {
      return middle(mask);
    }
    double n = count;
    return new int[] {
      (int) Math.round(sum[0] / n), (int) Math.round(sum[1] / n), (int) Math.round(sum[2] / n)
    };
  }

  /** The box around the mask; the whole volume when it is empty. */
  private static VoxelBox extent(Volume mask) {
    int[] low = {mask.depth(), mask.height(), mask.width()};
    int[] high = {-1, -1, -1};
    for (int z = 0; z < mask.depth(); z++) {
      for (int y = 0; y < mask.height(); y++) {
        for (int x = 0; x < mask.width(); x++) {
          if (mask.get(z, y, x) > 0.5f) {
            int[] at = {z, y, x};
            for (int a = 0; a < 3; a++) {
              low[a] = Math.min(low[a], at[a]);
              high[a] = Math.max(high[a], at[a]);
            }
          }
        }
      }
    }
    return high[0] < 0
        ? mask.bounds()
        : new VoxelBox(
            low[0],
            low[1],
            low[2],
            high[0] - low[0] + 1,
            high[1] - low[1] + 1,
            high[2] - low[2] + 1);
  }

  private static byte[] encode(BufferedImage image) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    // An explicit memory stream: ImageIO would otherwise cache in a temporary file.
    try (MemoryCacheImageOutputStream out = new MemoryCacheImageOutputStream(bytes)) {
      if (!ImageIO.write(image, "png", out)) {
        throw new T3dException(
            T3dException.Kind.ENVIRONMENT, "This Java runtime has no PNG writer (java.desktop)");
      }
    } catch (IOException e) {
      throw new UncheckedIOException("Encoding a PNG in memory failed", e);
    }
    return bytes.toByteArray();
  }
}
