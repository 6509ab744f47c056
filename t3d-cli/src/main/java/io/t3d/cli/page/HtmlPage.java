package io.t3d.cli.page;

import com.google.common.html.HtmlEscapers;
import io.t3d.core.internal.AtomicFiles;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Base64;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A page of HTML in one file: tables, curves as SVG and pictures inside, nothing to load. All text
 * is escaped.
 */
public final class HtmlPage {
  private static final int COLORS = 6; // --c0 to --c5, for light and dark pages
  private static final int WIDTH = 560;
  private static final int HEIGHT = 240;
  private static final int MARGIN = 62;
  private static final int TICKS = 4;

  private final StringBuilder body = new StringBuilder();
  private final String title;

  /** A page with a title. */
  public HtmlPage(String title) {
    this.title = title;
    body.append("<h1>").append(escape(title)).append("</h1>\n");
  }

  /**
   * A line of a chart.
   *
   * @param name in the legend
   * @param points (x, y); those that are not finite are left out
   */
  public record Curve(String name, List<double[]> points) {}

  /** A heading. */
  public HtmlPage heading(String text) {
    body.append("<h2>").append(escape(text)).append("</h2>\n");
    return this;
  }

  /** A paragraph. */
  public HtmlPage paragraph(String text) {
    body.append("<p>").append(escape(text)).append("</p>\n");
    return this;
  }

  /** Text as it is. */
  public HtmlPage code(String text) {
    body.append("<pre>").append(escape(text)).append("</pre>\n");
    return this;
  }

  /** A table. */
  public HtmlPage table(List<String> header, List<List<String>> rows) {
    body.append("<div class=\"wide\"><table>\n<thead>")
        .append(row("th", header))
        .append("</thead>\n<tbody>\n");
    rows.forEach(r -> body.append(row("td", r)));
    body.append("</tbody></table></div>\n");
    return this;
  }

  /** A PNG picture with its caption. */
  public HtmlPage picture(String caption, byte[] png) {
    body.append("<figure><img alt=\"")
        .append(escape(caption))
        .append("\" src=\"data:image/png;base64,")
        .append(Base64.getEncoder().encodeToString(png))
        .append("\"><figcaption>")
        .append(escape(caption))
        .append("</figcaption></figure>\n");
    return this;
  }

  /**
   * A drawing of one's own.
   *
   * @param svg one element; taken as it is, so its texts must be escaped
   */
  public HtmlPage drawing(String svg) {
    body.append("<div class=\"wide\">").append(svg).append("</div>\n");
    return this;
  }

  /** Horizontal bars over [0, 1] with a tick at chance. */
  public HtmlPage bars(Map<String, Double> values, double chance) {
    body.append("<table class=\"bars\">\n");
    values.forEach(
        (name, value) ->
            body.append("<tr><td>")
                .append(escape(name))
                .append("</td><td><div class=\"bar\"><div style=\"width:")
                .append(number(100 * value, 1))
                .append("%\"></div><i style=\"left:")
                .append(number(100 * chance, 1))
                .append("%\"></i></div></td><td>")
                .append(Double.isNaN(value) ? "–" : number(value, 3))
                .append("</td></tr>\n"));
    body.append("</table>\n");
    return this;
  }

  /** Lines over one pair of axes. */
  public HtmlPage curves(String xLabel, List<Curve> curves) {
    return curves(xLabel, "", curves);
  }

  /** Lines over one pair of axes, both with a label. */
  public HtmlPage curves(String xLabel, String yLabel, List<Curve> curves) {
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
      return paragraph("No points to draw.");
    }
    body.append("<figure><svg role=\"img\" viewBox=\"0 0 ")
        .append(WIDTH)
        .append(' ')
        .append(HEIGHT + 4)
        .append("\">\n");
    axis(box, xLabel, yLabel);
    StringBuilder legend = new StringBuilder();
    for (int i = 0; i < curves.size(); i++) {
      String color = "var(--c" + i % COLORS + ")";
      line(curves.get(i), color, box);
      legend
          .append("<span><i style=\"background:")
          .append(color)
          .append("\"></i>")
          .append(escape(curves.get(i).name()))
          .append("</span> ");
    }
    body.append("</svg><figcaption class=\"legend\">")
        .append(legend)
        .append("</figcaption></figure>\n");
    return this;
  }

  private void axis(double[] box, String xLabel, String yLabel) {
    int bottom = HEIGHT - 24;
    for (int i = 0; i <= TICKS; i++) {
      double share = (double) i / TICKS;
      double y = bottom - share * (HEIGHT - 32);
      double x = MARGIN + share * (WIDTH - 8 - MARGIN);
      body.append(
          String.format(
              Locale.ROOT, "<path d=\"M%d,%.1f H%d\" class=\"grid\"/>%n", MARGIN, y, WIDTH - 8));
      double value = box[2] + share * (box[3] - box[2]);
      text(MARGIN - 4, y + 4, "end", tick(value, box[3] - box[2]));
      double step = box[0] + share * (box[1] - box[0]);
      String anchor = i == 0 ? "start" : i == TICKS ? "end" : "middle";
      text(x, bottom + 12, anchor, tick(step, box[1] - box[0]));
    }
    body.append(
        String.format(
            Locale.ROOT,
            "<path d=\"M%d,%d V%d H%d\" class=\"axis\"/>%n",
            MARGIN,
            8,
            bottom,
            WIDTH - 8));
    text((MARGIN + WIDTH - 8) / 2.0, HEIGHT - 1, "middle", xLabel);
    if (!yLabel.isEmpty()) {
      body.append(
          String.format(
              Locale.ROOT,
              "<text transform=\"translate(10,%d) rotate(-90)\" text-anchor=\"middle\""
                  + ">%s</text>%n",
              bottom / 2,
              escape(yLabel)));
    }
  }

  private void line(Curve curve, String color, double[] box) {
    double spanX = Math.max(box[1] - box[0], 1e-9);
    double spanY = Math.max(box[3] - box[2], 1e-9);
    String points =
        curve.points().stream()
            .filter(p -> Double.isFinite(p[1]))
            .map(
                p ->
                    number(MARGIN + (p[0] - box[0]) / spanX * (WIDTH - 8 - MARGIN), 1)
                        + ","
                        + number(HEIGHT - 24 - (p[1] - box[2]) / spanY * (HEIGHT - 32), 1))
            .collect(Collectors.joining(" "));
    body.append("<polyline fill=\"none\" stroke-width=\"1.5\" stroke=\"")
        .append(color)
        .append("\" points=\"")
        .append(points)
        .append("\"/>\n");
  }

  private void text(double x, double y, String anchor, String text) {
    body.append(
        String.format(
            Locale.ROOT,
            "<text x=\"%.0f\" y=\"%.0f\" text-anchor=\"%s\">%s</text>%n",
            x,
            y,
            anchor,
            escape(text)));
  }

  /** As many digits as tell two ticks apart. */
  private static String tick(double value, double span) {
    if (span > 0 && span < 0.02) {
      return String.format(Locale.ROOT, "%.1e", value);
    }
    return number(value, span < 2 * TICKS ? 2 : 0);
  }

  /** Writes the file as a whole. */
  public void write(Path file) throws IOException {
    AtomicFiles.writeText(file, html());
  }

  String html() {
    return """
        <!doctype html>
        <html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
        <title>%s</title>
        <style>
        :root{color-scheme:light dark;--text:#1d2329;--quiet:#4d565e;--ground:#fff;--faint:#eef1f3;--line:#d5dade;--axis:#7c868f;
        --c0:#1b6ca8;--c1:#b5432c;--c2:#2c7a52;--c3:#7d4d93;--c4:#8a6400;--c5:#55606a}
        @media(prefers-color-scheme:dark){:root{--text:#e6eaed;--quiet:#a9b3bb;--ground:#14181c;--faint:#20262b;--line:#343c43;--axis:#87919a;
        --c0:#6cb6f0;--c1:#f0917d;--c2:#6fcf9b;--c3:#c79be0;--c4:#dcb44a;--c5:#a9b3bb}}
        *{box-sizing:border-box}
        body{font:15px/1.5 system-ui,sans-serif;max-width:74rem;margin:0 auto;padding:1rem;color:var(--text);background:var(--ground);overflow-wrap:break-word}
        h1{font-size:1.6rem;line-height:1.25}h2{font-size:1.25rem;margin:2rem 0 .4rem;border-bottom:1px solid var(--line)}
        p{max-width:52rem}.wide{overflow-x:auto;max-width:100%%}
        table{border-collapse:collapse;margin:.6rem 0;font-size:13px}th,td{padding:.25rem .45rem;border-bottom:1px solid var(--line);text-align:left;vertical-align:top}
        td:first-child{min-width:6rem}.number{white-space:nowrap;font-variant-numeric:tabular-nums}
        figure{display:inline-block;margin:.4rem 0;max-width:100%%;vertical-align:top;overflow-x:auto}figcaption{font-size:13px;color:var(--quiet);max-width:44rem}
        img{background:#000;width:62rem;max-width:100%%;height:auto}.scroll{overflow-x:auto}
        svg{width:34rem;min-width:27rem;max-width:100%%;height:auto}svg text{font-size:11px;fill:var(--quiet)}svg.small{width:15.5rem;min-width:0}
        .legend span{display:inline-block;margin-right:1rem}.legend i{display:inline-block;width:1.2rem;height:.2rem;margin-right:.3rem;vertical-align:middle}
        .axis{fill:none;stroke:var(--axis)}.grid{fill:none;stroke:var(--line)}.band{stroke:none;fill:var(--c0);opacity:.22}.chance{fill:none;stroke:var(--c1);stroke-dasharray:4 3}
        .mark{fill:none;stroke:var(--c0);stroke-width:1.6}.dot{fill:var(--c0);stroke:none}
        pre{background:var(--faint);padding:.7rem;overflow:auto;font-size:13px}
        .bars td{border:0;padding:.15rem .6rem}.bar{position:relative;width:min(18rem,38vw);height:.9rem;background:var(--faint)}
        .bar div{height:100%%;background:var(--c0)}.bar i{position:absolute;top:-2px;bottom:-2px;width:2px;background:var(--c1)}
        </style></head><body>
        %s</body></html>
        """
        .formatted(escape(title), body);
  }

  private static String row(String cell, List<String> values) {
    return values.stream()
        .map(
            v ->
                "<"
                    + cell
                    + (isNumber(v) ? " class=\"number\">" : ">")
                    + escape(v)
                    + "</"
                    + cell
                    + ">")
        .collect(Collectors.joining("", "<tr>", "</tr>\n"));
  }

  /** Numbers with what belongs to them, as {@code 0.713 ± 0.021}, are not broken over lines. */
  private static boolean isNumber(String value) {
    return !value.isEmpty() && value.length() < 24 && value.matches("[-−]?\\d.*");
  }

  private static String number(double v, int digits) {
    return Double.isNaN(v) ? "0" : String.format(Locale.ROOT, "%." + digits + "f", v);
  }

  private static String escape(String text) {
    return HtmlEscapers.htmlEscaper().escape(text);
  }
}
