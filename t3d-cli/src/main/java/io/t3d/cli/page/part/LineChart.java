package io.t3d.cli.page.part;

import com.google.common.html.HtmlEscapers;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * Lines over one pair of axes.
 *
 * @param drawing absent where there is no finite point
 * @param legend names of the lines, in the order of their colours
 */
public record LineChart(Optional<Svg> drawing, List<String> legend) {
  /** Colours of lines, {@code --c0} to {@code --c5}, for light and dark pages. */
  public static final int COLORS = 6;

  /** What pages say of {@link Curve#smoothed}. */
  public static final String SMOOTHED =
      "smoothed: each point is 0.9 × the point before + 0.1 × the step's own value, a mean over"
          + " about ten steps";

  private static final double SMOOTHING = 0.9;
  private static final int WIDTH = 560;
  private static final int HEIGHT = 240;
  private static final int MARGIN = 62;
  private static final int TICKS = 4;
  private static final double SMALL = 0.02;
  private static final int MOST_DIGITS = 9;

  /** Copies the list. */
  public LineChart {
    legend = List.copyOf(legend);
  }

  /**
   * A line of a chart.
   *
   * @param name in the legend
   * @param points (x, y); those that are not finite are left out
   */
  public record Curve(String name, List<double[]> points) {
    /** Copies the list. */
    public Curve {
      points = List.copyOf(points);
    }

    /**
     * Exponential means over about ten points, so that a page shows the trend; {@link #SMOOTHED}.
     */
    public Curve smoothed() {
      List<double[]> out = new ArrayList<>();
      double mean = Double.NaN;
      for (double[] p : points) {
        if (Double.isFinite(p[1])) {
          mean = Double.isNaN(mean) ? p[1] : SMOOTHING * mean + (1 - SMOOTHING) * p[1];
          out.add(new double[] {p[0], mean});
        }
      }
      return new Curve(name, out);
    }
  }

  /** Draws lines; both axes have a label. */
  public static LineChart of(String xLabel, String yLabel, List<Curve> curves) {
    double[] box = {Double.MAX_VALUE, -Double.MAX_VALUE, Double.MAX_VALUE, -Double.MAX_VALUE};
    for (Curve c : curves) {
      for (double[] p : c.points()) {
        if (Double.isFinite(p[1])) {
          box[0] = Math.min(box[0], p[0]);
          box[1] = Math.max(box[1], p[0]);
          box[2] = Math.min(box[2], p[1]);
          box[3] = Math.max(box[3], p[1]);
        }
      }
    }
    if (box[0] > box[1]) {
      return new LineChart(Optional.empty(), List.of());
    }
    StringBuilder svg = new StringBuilder();
    svg.append(
        String.format(
            Locale.ROOT,
            "<svg role=\"img\" aria-label=\"%s over %s\" viewBox=\"0 0 %d %d\">\n",
            escape(yLabel),
            escape(xLabel),
            WIDTH,
            HEIGHT + 4));
    axis(svg, box, xLabel, yLabel);
    for (int i = 0; i < curves.size(); i++) {
      line(svg, curves.get(i), "var(--c" + i % COLORS + ")", box);
    }
    return new LineChart(
        Optional.of(new Svg(svg.append("</svg>").toString())),
        curves.stream().map(Curve::name).toList());
  }

  private static void axis(StringBuilder svg, double[] box, String xLabel, String yLabel) {
    int bottom = HEIGHT - 24;
    for (int i = 0; i <= TICKS; i++) {
      double share = (double) i / TICKS;
      double y = bottom - share * (HEIGHT - 32);
      double x = MARGIN + share * (WIDTH - 8 - MARGIN);
      svg.append(
          String.format(
              Locale.ROOT, "<path d=\"M%d,%.1f H%d\" class=\"grid\"/>\n", MARGIN, y, WIDTH - 8));
      double value = box[2] + share * (box[3] - box[2]);
      text(svg, MARGIN - 4, y + 4, "end", tick(value, box[2], box[3]));
      double step = box[0] + share * (box[1] - box[0]);
      String anchor = i == 0 ? "start" : i == TICKS ? "end" : "middle";
      text(svg, x, bottom + 12, anchor, tick(step, box[0], box[1]));
    }
    svg.append(
        String.format(
            Locale.ROOT,
            "<path d=\"M%d,%d V%d H%d\" class=\"axis\"/>\n",
            MARGIN,
            8,
            bottom,
            WIDTH - 8));
    text(svg, (MARGIN + WIDTH - 8) / 2.0, HEIGHT - 1, "middle", xLabel);
    svg.append(
        String.format(
            Locale.ROOT,
            "<text transform=\"translate(10,%d) rotate(-90)\" text-anchor=\"middle\">%s</text>\n",
            bottom / 2,
            escape(yLabel)));
  }

  private static void line(StringBuilder svg, Curve curve, String color, double[] box) {
    double spanX = Math.max(box[1] - box[0], 1e-9);
    double spanY = Math.max(box[3] - box[2], 1e-9);
    String points =
        curve.points().stream()
            .filter(p -> Double.isFinite(p[1]))
            .map(
                p ->
                    String.format(
                        Locale.ROOT,
                        "%.1f,%.1f",
                        MARGIN + (p[0] - box[0]) / spanX * (WIDTH - 8 - MARGIN),
                        HEIGHT - 24 - (p[1] - box[2]) / spanY * (HEIGHT - 32)))
            .collect(Collectors.joining(" "));
    svg.append("<polyline fill=\"none\" stroke-width=\"1.5\" stroke=\"")
        .append(color)
        .append("\" points=\"")
        .append(points)
        .append("\"/>\n");
  }

  private static void text(StringBuilder svg, double x, double y, String anchor, String text) {
    svg.append(
        String.format(
            Locale.ROOT,
            "<text x=\"%.0f\" y=\"%.0f\" text-anchor=\"%s\">%s</text>\n",
            x,
            y,
            anchor,
            escape(text)));
  }

  /** As many digits as tell two ticks apart; powers of ten where all are small. */
  private static String tick(double value, double low, double high) {
    double span = high - low;
    double most = Math.max(Math.abs(low), Math.abs(high));
    boolean small = most > 0 && most < SMALL;
    if (span <= 0) {
      return String.format(Locale.ROOT, small ? "%.2e" : "%.2f", value);
    }
    int places = (int) Math.min(MOST_DIGITS, Math.ceil(-Math.log10(span / TICKS)));
    if (small) {
      int digits = Math.max(1, (int) Math.floor(Math.log10(most)) + places);
      return String.format(Locale.ROOT, "%." + digits + "e", value);
    }
    return String.format(
        Locale.ROOT, "%." + (span < 2 * TICKS ? Math.max(2, places) : 0) + "f", value);
  }

  private static String escape(String text) {
    return HtmlEscapers.htmlEscaper().escape(text);
  }
}
