package io.t3d.cli.picture;

import io.t3d.core.T3dException;
import io.t3d.core.config.Size3;
import io.t3d.core.volume.Spacing;
import io.t3d.core.volume.Volume;
import io.t3d.data.transform.IntensityWindow;
import io.t3d.data.transform.Interpolation;
import io.t3d.data.transform.ResampleTo;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import javax.imageio.ImageIO;
import javax.imageio.stream.MemoryCacheImageOutputStream;

/**
 * Draws a volume as a radiologist reads it: an axial, a coronal and a sagittal slice side by side,
 * with the patient's sides at the edges, the slice's place in mm, a scale bar, and the window.
 *
 * <p>Where something is laid over, the plain slices stand above the same slices with outlines and a
 * faint fill, and a legend below. Slices are then those that show most of it; else they are evenly
 * spread. All have the same millimetres per pixel, and at least {@value #SHORTEST_SIDE} pixels a
 * side unless the volume is much longer than wide.
 *
 * <p>Not safe for concurrent use.
 *
 * @see Plane the sides
 */
public final class SliceImages {
  /** Pixels of the shortest side of a slice. */
  static final int SHORTEST_SIDE = 300;

  /** Pixels of the longest side, which wins. */
  static final int LONGEST_SIDE = 720;

  static final int GAP = 4;

  private static final int BACKGROUND = 0x101418;

  private final Volume volume;
  private final IntensityWindow window;
  private String caption;
  private Optional<Overlay> overlay = Optional.empty();
  private int rows = 1;

  private SliceImages(Volume volume, IntensityWindow window) {
    this.volume = volume;
    this.window = window;
    this.caption = caption(window);
  }

  /** A picture of a volume, its values in a window. */
  public static SliceImages of(Volume volume, IntensityWindow window) {
    return new SliceImages(volume, window);
  }

  /** Another text than the window's, e.g. of values that are in [0, 1] already. */
  public SliceImages caption(String text) {
    caption = text;
    return this;
  }

  /**
   * Lays a segmentation over.
   *
   * @param mask of the volume's size; voxels above 0.5 belong to it. Rounded values are labels,
   *     each with its colour: label 1 is red
   * @param names of the labels 1, 2, …
   * @throws IllegalArgumentException when the sizes differ
   */
  public SliceImages mask(Volume mask, List<String> names) {
    return over(new Overlay.Labels(mask, List.copyOf(names)));
  }

  /**
   * Lays heat over: dark violet is 0, light yellow 1, the same in every picture.
   *
   * @param heat of the volume's size, in [0, 1]; values beyond are taken for the nearer end
   * @param name what is hot
   * @throws IllegalArgumentException when the sizes differ
   */
  public SliceImages heat(Volume heat, String name) {
    return over(new Overlay.Heat(heat, name));
  }

  private SliceImages over(Overlay what) {
    if (!what.values().bounds().equals(volume.bounds())) {
      throw new IllegalArgumentException(
          "The mask must have the volume's size, got " + what.values() + " for " + volume);
    }
    overlay = Optional.of(what);
    return this;
  }

  /**
   * Rows of slices, 1 unless said.
   *
   * @throws IllegalArgumentException when below 1
   */
  public SliceImages rows(int number) {
    if (number < 1) {
      throw new IllegalArgumentException("slices must be >= 1, got " + number);
    }
    rows = number;
    return this;
  }

  /** As an RGB image. */
  public BufferedImage image() {
    double pixel = millimetresPerPixel(volume);
    List<BufferedImage> lines = new ArrayList<>();
    for (int row = 0; row < rows; row++) {
      List<BufferedImage> plain = new ArrayList<>();
      List<BufferedImage> marked = new ArrayList<>();
      for (Plane plane : Plane.values()) {
        int slice = SliceChoice.of(volume, overlay, plane, row, rows);
        BufferedImage tile = grey(plane.cut(volume, slice), pixel);
        overlay.ifPresent(
            o -> {
              BufferedImage copy = copy(tile);
              o.paint(plane.cut(o.values(), slice), copy);
              marked.add(letter(copy, plane, plane.position(volume, slice), pixel));
            });
        plain.add(letter(tile, plane, plane.position(volume, slice), pixel));
      }
      lines.add(beside(plain));
      if (overlay.isPresent()) {
        lines.add(beside(marked));
      }
    }
    return withLegend(lines);
  }

  /** As a PNG file. */
  public byte[] png() {
    return encode(image());
  }

  private BufferedImage grey(Volume slice, double pixel) {
    Spacing s = slice.spacing();
    int width = Math.max(1, (int) Math.round(slice.width() * s.x() / pixel));
    int height = Math.max(1, (int) Math.round(slice.height() * s.y() / pixel));
    Size3 size = new Size3(1, height, width);
    float[] values =
        new ResampleTo(size, Interpolation.LINEAR_ANTIALIASED).apply(window.apply(slice)).voxels();
    BufferedImage image = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    for (int i = 0; i < values.length; i++) {
      int level = Math.round(255 * values[i]);
      image.setRGB(i % width, i / width, level << 16 | level << 8 | level);
    }
    return image;
  }

  private static BufferedImage letter(
      BufferedImage tile, Plane plane, String position, double pixel) {
    int width = tile.getWidth();
    int height = tile.getHeight();
    Lettering text = new Lettering(tile);
    String edges = plane.edges();
    text.write(edges.substring(0, 1), 5, height / 2);
    text.writeBefore(edges.substring(1, 2), width - 5, height / 2);
    text.writeCentred(edges.substring(2, 3), width / 2, 12);
    text.writeCentred(edges.substring(3, 4), width / 2, height - 12);
    text.write(position, 5, 12);
    if (plane == Plane.AXIAL) {
      scaleBar(text, width, height, pixel);
    }
    text.close();
    return tile;
  }

  /** 5 cm, or less of a volume in which that finds no room. */
  private static void scaleBar(Lettering text, int width, int height, double pixel) {
    for (int mm : new int[] {50, 10, 1}) {
      int length = (int) Math.round(mm / pixel);
      if (length <= width * 0.4) {
        int x = width - length - 10;
        text.box(0x000000, x - 1, height - 13, length + 2, 5);
        text.box(0xffffff, x, height - 12, length, 3);
        text.writeBefore(mm >= 10 ? mm / 10 + " cm" : mm + " mm", width - 10, height - 24);
        return;
      }
    }
  }

  private static BufferedImage beside(List<BufferedImage> tiles) {
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

  /** The lines below each other, then the window, then the legend, as many lines as it takes. */
  private BufferedImage withLegend(List<BufferedImage> lines) {
    int width = lines.get(0).getWidth();
    int pictures = lines.stream().mapToInt(BufferedImage::getHeight).sum() + GAP * lines.size();
    List<Overlay.Entry> entries = overlay.map(Overlay::legend).orElse(List.of());
    Lettering ruler = new Lettering(lines.get(0));
    List<Integer> widths =
        entries.stream().map(e -> ruler.width(e.name()) + 40).collect(Collectors.toList());
    ruler.close();
    int legendLines = entries.isEmpty() ? 0 : 1;
    int used = 0;
    for (int w : widths) {
      if (used > 0 && used + w > width) {
        legendLines++;
        used = 0;
      }
      used += w;
    }
    int height = pictures + Lettering.LINE * (1 + legendLines) + GAP;
    BufferedImage all = new BufferedImage(width, height, BufferedImage.TYPE_INT_RGB);
    int y = 0;
    for (BufferedImage line : lines) {
      all.getRaster().setRect(0, y, line.getRaster());
      y += line.getHeight() + GAP;
    }
    Lettering text = new Lettering(all);
    text.box(BACKGROUND, 0, y, width, height - y);
    text.write(caption, 6, y + Lettering.LINE / 2);
    y += Lettering.LINE;
    int x = 0;
    for (int i = 0; i < entries.size(); i++) {
      if (x > 0 && x + widths.get(i) > width) {
        x = 0;
        y += Lettering.LINE;
      }
      text.box(entries.get(i).rgb(), x + 6, y + 4, 12, 12);
      text.write(entries.get(i).name(), x + 24, y + Lettering.LINE / 2);
      x += widths.get(i);
    }
    text.close();
    return all;
  }

  private static BufferedImage copy(BufferedImage image) {
    BufferedImage copy =
        new BufferedImage(image.getWidth(), image.getHeight(), BufferedImage.TYPE_INT_RGB);
    copy.getRaster().setRect(image.getRaster());
    return copy;
  }

  private static String caption(IntensityWindow window) {
    String name = "";
    if (window.equals(IntensityWindow.lung())) {
      name = "lung ";
    } else if (window.equals(IntensityWindow.softTissue())) {
      name = "soft-tissue ";
    } else if (window.equals(IntensityWindow.bone())) {
      name = "bone ";
    } else if (window.equals(IntensityWindow.chest())) {
      name = "chest ";
    }
    return String.format(
        Locale.ROOT,
        "%swindow, level %s, width %s",
        name,
        number(window.level()),
        number(window.width()));
  }

  /** Whole where it is large, with the sign that typography has for minus. */
  private static String number(double value) {
    String digits =
        Math.abs(value) >= 100 || value == Math.rint(value)
            ? String.format(Locale.ROOT, "%.0f", value)
            : String.format(Locale.ROOT, "%.3g", value);
    return digits.replace('-', '\u2212');
  }

  private static double millimetresPerPixel(Volume v) {
    Spacing s = v.spacing();
    double[] sides = {v.depth() * s.z(), v.height() * s.y(), v.width() * s.x()};
    double shortest = Math.min(sides[0], Math.min(sides[1], sides[2]));
    double longest = Math.max(sides[0], Math.max(sides[1], sides[2]));
    return Math.max(shortest / SHORTEST_SIDE, longest / LONGEST_SIDE);
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
