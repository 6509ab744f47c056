package io.t3d.cli.benchmark.stats;

import com.google.common.html.HtmlEscapers;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Differences with their intervals as a picture: groups of rows, in each row one interval per
 * comparison. SVG that needs nothing else and follows the reader's light or dark scheme.
 */
public final class ForestPlot {
  private static final int LABELS = 250;
  private static final int PLOT = 430;
  private static final int NUMBERS = 150;
  private static final int LINE = 17;
  private static final int GAP = 8;
  private static final int HEAD = 34;
  private static final int TOP = 74;
  private static final String[] LIGHT = {"#0b62a8", "#c2410c", "#2f7d4f", "#7b4fa3"};
  private static final String[] DARK = {"#6cb6ff", "#ff9d66", "#7fd1a0", "#c9a5ef"};

  private final String title;
  private final List<String> comparisons;
  private final double margin;
  private final List<Group> groups = new ArrayList<>();

  /**
   * One interval per comparison.
   *
   * @param name of the metric
   * @param estimates in the order of the comparisons; empty where there is none
   * @param noninferiority whether the row is read against the line of non-inferiority
   */
  public record Row(String name, List<Optional<Estimate>> estimates, boolean noninferiority) {
    /** Copies the list. */
    public Row {
      estimates = List.copyOf(estimates);
    }
  }

  private record Group(String name, List<Row> rows) {}

  /**
   * An empty plot.
   *
   * @param title above it
   * @param comparisons e.g. {@code T3D − CLIP}; at most four
   * @param margin of non-inferiority, &gt; 0: its line stands at minus this
   */
  public ForestPlot(String title, List<String> comparisons, double margin) {
    if (comparisons.isEmpty() || comparisons.size() > LIGHT.length) {
      throw new IllegalArgumentException(
          "A forest plot has 1 to "
              + LIGHT.length
              + " comparisons, got "
              + comparisons.size()
              + "; leave some out, or their colours cannot be told apart");
    }
    this.title = title;
    this.comparisons = List.copyOf(comparisons);
    this.margin = margin;
  }

  /** Adds a group of rows under a heading; nothing when there are no rows. */
  public void group(String name, List<Row> rows) {
    if (!rows.isEmpty()) {
      groups.add(new Group(name, List.copyOf(rows)));
    }
  }

  /** Whether there is nothing to show. */
  public boolean isEmpty() {
    return groups.isEmpty();
  }

  /** The picture. */
  public String svg() {
    double[] range = range();
    int height = TOP + 34;
    for (Group g : groups) {
      height += HEAD;
      for (Row r : g.rows()) {
        height += height(r);
      }
    }
    int width = LABELS + PLOT + NUMBERS;
    StringBuilder out = new StringBuilder();
    out.append(
        String.format(
            Locale.ROOT,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"forest\" role=\"img\""
                + " viewBox=\"0 0 %d %d\" style=\"width:%dpx;max-width:100%%\">%n",
            width,
            height,
            width));
    out.append("<title>").append(escape(title)).append("</title>\n").append(style());
    out.append(
        String.format(
            Locale.ROOT, "<rect class=\"bg\" width=\"%d\" height=\"%d\"/>%n", width, height));
    text(out, 12, 24, "title", "start", title);
    legend(out);
    axis(out, range, height - 34);
    int y = TOP;
    for (Group g : groups) {
      text(out, 12, y + 22, "head", "start", g.name());
      y += HEAD;
      for (Row r : g.rows()) {
        row(out, r, y, range);
        y += height(r);
      }
    }
    return out.append("</svg>\n").toString();
  }

  private static int height(Row row) {
    return LINE * (int) row.estimates().stream().filter(Optional::isPresent).count() + GAP;
  }

  private double[] range() {
    double low = -1.5 * margin;
    double high = 1.5 * margin;
    for (Group g : groups) {
      for (Row r : g.rows()) {
        for (Estimate e : r.estimates().stream().flatMap(Optional::stream).toList()) {
          double half = Double.isNaN(e.halfWidth()) ? 0 : e.halfWidth();
          low = Math.min(low, e.mean() - half);
          high = Math.max(high, e.mean() + half);
        }
      }
    }
    // One wild interval, of few replicates, must not press all others together.
    return new double[] {Math.max(low, -0.3), Math.min(high, 0.3)};
  }

  private static double x(double value, double[] range) {
    double share = (value - range[0]) / (range[1] - range[0]);
    return LABELS + 8 + Math.min(1, Math.max(0, share)) * (PLOT - 16);
  }

  private void legend(StringBuilder out) {
    int x = 12;
    for (int c = 0; c < comparisons.size(); c++) {
      out.append(
          String.format(
              Locale.ROOT,
              "<path class=\"bar c%d\" d=\"M%d,45 h24\"/><circle class=\"dot c%d\" cx=\"%d\""
                  + " cy=\"45\" r=\"4\"/>%n",
              c,
              x,
              c,
              x + 12));
      text(out, x + 30, 49, "", "start", comparisons.get(c));
      x += 44 + 7 * comparisons.get(c).length();
    }
    text(
        out,
        12,
        67,
        "note",
        "start",
        String.format(
            Locale.ROOT,
            "mean of paired differences, 95 %% interval; right of zero T3D is better; dashed,"
                + " R@5: margin of non-inferiority to CLIP, −%.2f",
            margin));
  }

  private void axis(StringBuilder out, double[] range, int bottom) {
    double step = range[1] - range[0] > 0.25 ? 0.1 : range[1] - range[0] > 0.12 ? 0.05 : 0.02;
    for (double v = Math.ceil(range[0] / step) * step; v <= range[1] + 1e-9; v += step) {
      boolean zero = Math.abs(v) < 1e-9;
      line(out, zero ? "zero" : "grid", x(v, range), TOP + 8, bottom);
      String label = zero ? "0" : String.format(Locale.ROOT, "%+.2f", v).replace('-', '−');
      text(out, x(v, range), bottom + 18, "", "middle", label);
    }
  }

  private static void line(StringBuilder out, String style, double x, int top, int bottom) {
    out.append(
        String.format(
            Locale.ROOT, "<path class=\"%s\" d=\"M%.1f,%d V%d\"/>%n", style, x, top, bottom));
  }

  private void row(StringBuilder out, Row row, int y, double[] range) {
    text(out, 24, y + 13, "", "start", row.name());
    if (row.noninferiority()) {
      line(out, "margin", x(-margin, range), y, y + height(row) - GAP);
    }
    int at = y;
    for (int c = 0; c < row.estimates().size(); c++) {
      if (row.estimates().get(c).isPresent()) {
        Estimate e = row.estimates().get(c).get();
        double middle = at + 9.0;
        if (!Double.isNaN(e.halfWidth())) {
          out.append(
              String.format(
                  Locale.ROOT,
                  "<path class=\"bar c%d\" d=\"M%.1f,%.1f H%.1f\"/>%n",
                  c,
                  x(e.low(), range),
                  middle,
                  x(e.high(), range)));
          arrow(out, c, e.low() < range[0], range[0], range, middle, -1);
          arrow(out, c, e.high() > range[1], range[1], range, middle, 1);
        }
        out.append(
            String.format(
                Locale.ROOT,
                "<circle class=\"dot c%d\" cx=\"%.1f\" cy=\"%.1f\" r=\"4\"/>%n",
                c,
                x(e.mean(), range),
                middle));
        text(out, LABELS + PLOT + 10, at + 13, "number c" + c, "start", e.signed());
        at += LINE;
      }
    }
  }

  /** An interval that goes on beyond the frame. */
  private static void arrow(
      StringBuilder out, int c, boolean cut, double end, double[] range, double y, int way) {
    if (cut) {
      out.append(
          String.format(
              Locale.ROOT,
              "<path class=\"bar c%d\" d=\"M%.1f,%.1f l%d,-4 m%d,4 l%d,4\"/>%n",
              c,
              x(end, range),
              y,
              -5 * way,
              5 * way,
              -5 * way));
    }
  }

  private static void text(
      StringBuilder out, double x, double y, String style, String anchor, String text) {
    out.append(
        String.format(
            Locale.ROOT,
            "<text%s x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>%n",
            style.isEmpty() ? "" : " class=\"" + style + "\"",
            x,
            y,
            anchor,
            escape(text)));
  }

  /** All rules begin with the picture's class, since a page's other pictures must not change. */
  private static String style() {
    return "<style>\n"
        + scheme("#ffffff", "#1f2328", "#59636e", "#e4e7eb", LIGHT)
        + ".forest text{font:13px system-ui,sans-serif}.forest .title{font-size:16px;"
        + "font-weight:600}.forest .head{font-weight:600}.forest .note{font-size:12px}\n"
        + ".forest .number{font-variant-numeric:tabular-nums}\n"
        + ".forest .bar{stroke-width:2.5;fill:none}.forest .zero{stroke-width:1.5}"
        + ".forest .margin{stroke-width:1.5;stroke-dasharray:4 4}\n"
        + "@media (prefers-color-scheme:dark){\n"
        + scheme("#16191d", "#e6e9ed", "#9aa4af", "#30363d", DARK)
        + "}\n</style>\n";
  }

  private static String scheme(
      String back, String ink, String faint, String grid, String[] colors) {
    StringBuilder out = new StringBuilder();
    out.append(".forest .bg{fill:").append(back).append("}.forest text{fill:").append(ink);
    out.append("}.forest .note{fill:").append(faint).append("}.forest .grid{stroke:").append(grid);
    out.append("}.forest .zero{stroke:").append(ink).append("}.forest .margin{stroke:");
    out.append(faint).append("}\n");
    for (int c = 0; c < colors.length; c++) {
      out.append(".forest .c").append(c).append(".bar{stroke:").append(colors[c]).append('}');
      out.append(".forest .c").append(c).append(".dot,.forest .c").append(c);
      out.append(".number{fill:").append(colors[c]).append("}\n");
    }
    return out.toString();
  }

  private static String escape(String text) {
    return HtmlEscapers.htmlEscaper().escape(text);
  }
}
