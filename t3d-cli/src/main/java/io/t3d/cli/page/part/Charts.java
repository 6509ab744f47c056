package io.t3d.cli.page.part;

import com.google.common.html.HtmlEscapers;
import io.t3d.core.eval.Bootstrap;
import io.t3d.core.eval.Interval;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;

/** Charts of classification and of data as SVG, in the colours of the pages' style. */
public final class Charts {
  private static final int SIDE = 168; // of a small square chart
  private static final int MARGIN = 34;
  private static final int GRID = 20; // false positive rates at which a band is known
  private static final int BINS = 10;
  private static final int LONGEST = 48; // letters of a name beside a row
  private static final Bootstrap BAND = new Bootstrap(200, 0.95, 42);

  private Charts() {}

  /**
   * A value with its interval.
   *
   * @param lower absent where it is not defined
   */
  public record Whisker(
      String name, double value, Optional<Double> lower, Optional<Double> upper) {}

  /** One line per value on an axis from 0 to 1, chance dashed. */
  public static Svg whiskers(List<Whisker> values, double chance) {
    int left = left(values.stream().map(Whisker::name));
    int width = left + 410;
    int line = 24;
    int height = values.size() * line + 30;
    StringBuilder svg = new StringBuilder(open("", width, height, "AUROC of each finding"));
    for (int i = 0; i <= 10; i += 2) {
      double x = at(i / 10.0, left, width - 60);
      svg.append(path("grid", "M%.1f,4 V%d", x, height - 24));
      svg.append(text(x, height - 10, "middle", String.format(Locale.ROOT, "%.1f", i / 10.0)));
    }
    svg.append(path("chance", "M%.1f,4 V%d", at(chance, left, width - 60), height - 24));
    for (int i = 0; i < values.size(); i++) {
      Whisker w = values.get(i);
      double y = 16 + i * line;
      svg.append(text(left - 8, y + 4, "end", brief(w.name())));
      if (w.lower().isPresent() && w.upper().isPresent()) {
        double low = at(w.lower().get(), left, width - 60);
        double high = at(w.upper().get(), left, width - 60);
        svg.append(
            path(
                "mark",
                "M%.1f,%.1f H%.1f M%.1f,%.1f v8 M%.1f,%.1f v8",
                low,
                y,
                high,
                low,
                y - 4,
                high,
                y - 4));
      }
      svg.append(dot(at(w.value(), left, width - 60), y, 4));
      svg.append(text(width - 52, y + 4, "start", String.format(Locale.ROOT, "%.3f", w.value())));
    }
    return new Svg(svg.append("</svg>").toString());
  }

  /**
   * Where values lie.
   *
   * @param name of the row
   * @param values least, 5 %, median, 95 %, most
   */
  public record Range(String name, List<Double> values) {
    /** Copies the list. */
    public Range {
      values = List.copyOf(values);
    }
  }

  /** One line per range on an axis from 0: thin from least to most, thick for 5 to 95 %, a dot. */
  public static Svg ranges(String title, List<Range> ranges, String unit) {
    int left = left(ranges.stream().map(Range::name));
    int right = left + 350;
    int line = 24;
    int height = ranges.size() * line + 30;
    double most =
        ranges.stream().flatMap(r -> r.values().stream()).mapToDouble(v -> v).max().orElse(1);
    double end = most > 0 ? most : 1;
    StringBuilder svg = new StringBuilder(open("", left + 410, height, title));
    for (int i = 0; i <= 4; i++) {
      double x = at(i / 4.0, left, right);
      svg.append(path("grid", "M%.1f,4 V%d", x, height - 24));
      String tick = String.format(Locale.ROOT, end < 40 ? "%.1f" : "%.0f", end * i / 4);
      svg.append(text(x, height - 10, "middle", i == 4 ? tick + " " + unit : tick));
    }
    for (int i = 0; i < ranges.size(); i++) {
      double y = 16 + i * line;
      double[] x =
          ranges.get(i).values().stream().mapToDouble(v -> at(v / end, left, right)).toArray();
      svg.append(text(left - 8, y + 4, "end", brief(ranges.get(i).name())));
      svg.append(path("mark", "M%.1f,%.1f H%.1f", x[0], y, x[4]));
      svg.append(path("range", "M%.1f,%.1f H%.1f", x[1], y, x[3]));
      svg.append(dot(x[2], y, 4));
    }
    return new Svg(svg.append("</svg>").toString());
  }

  /** Room for names beside rows, px; a letter is about 6 wide. */
  private static int left(Stream<String> names) {
    int longest = names.mapToInt(name -> brief(name).length()).max().orElse(0);
    return Math.max(150, 6 * longest + 16);
  }

  private static String brief(String name) {
    return name.length() <= LONGEST ? name : name.substring(0, LONGEST - 1) + "…";
  }

  private static double at(double share, int left, int right) {
    return left + Math.max(0, Math.min(1, share)) * (right - left);
  }

  /**
   * True against false positive rate with a 95 % band.
   *
   * @param truth one per volume
   * @param score one per volume, more is more likely
   * @param patients one name per volume: patients are drawn for the band, not volumes
   */
  public static Svg roc(String name, boolean[] truth, double[] score, List<String> patients) {
    int[] order =
        IntStream.range(0, score.length)
            .boxed()
            .sorted(Comparator.comparingDouble((Integer i) -> -score[i]))
            .mapToInt(i -> i)
            .toArray();
    int[] once = new int[score.length];
    Arrays.fill(once, 1);
    double[] rates = rates(truth, score, order, once);
    List<Optional<Interval>> band =
        BAND.intervals(patients, times -> rates(truth, score, order, times));
    StringBuilder svg =
        new StringBuilder(square("ROC of " + name, name, "1 − specificity", "sensitivity"));
    if (Double.isNaN(rates[0])) {
      svg.append(text(MARGIN + SIDE / 2.0, y(0.5) - 6, "middle", "one class only"));
      return new Svg(svg.append("</svg>").toString());
    }
    svg.append(band(band));
    StringBuilder line = new StringBuilder();
    for (int i = 0; i <= GRID; i++) {
      line.append(
          String.format(
              Locale.ROOT, "%s%.1f,%.1f ", i == 0 ? "M" : "L", x((double) i / GRID), y(rates[i])));
    }
    svg.append(path("mark", "%s", line));
    return new Svg(svg.append("</svg>").toString());
  }

  /** Sensitivity at evenly spaced false positive rates, linear between the curve's corners. */
  static double[] rates(boolean[] truth, double[] score, int[] order, int[] times) {
    double positives = 0;
    double negatives = 0;
    for (int i = 0; i < truth.length; i++) {
      positives += truth[i] ? times[i] : 0;
      negatives += truth[i] ? 0 : times[i];
    }
    double[] out = new double[GRID + 1];
    if (positives == 0 || negatives == 0) {
      Arrays.fill(out, Double.NaN);
      return out;
    }
    double fpr = 0;
    double tpr = 0;
    int filled = 0;
    for (int i = 0; i < order.length; ) {
      double hits = 0;
      double misses = 0;
      int tie = i;
      for (; tie < order.length && score[order[tie]] == score[order[i]]; tie++) {
        hits += truth[order[tie]] ? times[order[tie]] : 0;
        misses += truth[order[tie]] ? 0 : times[order[tie]];
      }
      i = tie;
      double nextFpr = fpr + misses / negatives;
      double nextTpr = tpr + hits / positives;
      while (filled <= GRID && (double) filled / GRID < nextFpr - 1e-12) {
        double share = nextFpr > fpr ? ((double) filled / GRID - fpr) / (nextFpr - fpr) : 1;
        out[filled++] = tpr + share * (nextTpr - tpr);
      }
      fpr = nextFpr;
      tpr = nextTpr;
    }
    while (filled <= GRID) {
      out[filled++] = tpr;
    }
    return out;
  }

  private static String band(List<Optional<Interval>> intervals) {
    StringBuilder upper = new StringBuilder();
    StringBuilder lower = new StringBuilder();
    for (int i = 0; i < intervals.size(); i++) {
      if (intervals.get(i).isEmpty()) {
        return "";
      }
      double x = x((double) i / GRID);
      Interval here = intervals.get(i).get();
      upper.append(
          String.format(Locale.ROOT, "%s%.1f,%.1f ", i == 0 ? "M" : "L", x, y(here.upper())));
      lower.insert(0, String.format(Locale.ROOT, "L%.1f,%.1f ", x, y(here.lower())));
    }
    return path("band", "%s%sZ", upper, lower);
  }

  /**
   * Observed against predicted share in tenths of the predictions, with Wilson's 95 % intervals.
   * Tenths have as many predictions each as ties allow: equal probabilities are in one of them,
   * that of their middle one, so that the order of the predictions does not matter.
   *
   * @param truth one per prediction
   * @param probability one per prediction
   */
  public static Svg calibration(boolean[] truth, double[] probability) {
    StringBuilder svg =
        new StringBuilder(square("Calibration", "all findings", "predicted", "observed"));
    for (Tenth t : tenths(truth, probability)) {
      double[] wilson = wilson(t.observed(), t.n());
      double x = x(t.predicted() / t.n());
      svg.append(path("mark", "M%.1f,%.1f V%.1f", x, y(wilson[0]), y(wilson[1])));
      svg.append(dot(x, y(t.observed() / t.n()), 3));
    }
    return new Svg(svg.append("</svg>").toString());
  }

  /**
   * Mean distance of predicted and observed share over the tenths of {@link #calibration}, weighted
   * by their sizes.
   */
  public static double calibrationError(boolean[] truth, double[] probability) {
    double error = 0;
    for (Tenth t : tenths(truth, probability)) {
      error += Math.abs(t.difference());
    }
    return error / probability.length;
  }

  /** Sums over the predictions of a tenth; {@code difference} is predicted less observed. */
  private record Tenth(int n, double predicted, double observed, double difference) {
    /** The same with some more predictions of one probability. */
    Tenth plus(int count, double probability, int positives) {
      return new Tenth(
          n + count,
          predicted + count * probability,
          observed + positives,
          difference + (count * probability - positives));
    }
  }

  /** Those that have a prediction, from the least probabilities to the most. */
  private static List<Tenth> tenths(boolean[] truth, double[] probability) {
    Integer[] order = IntStream.range(0, probability.length).boxed().toArray(Integer[]::new);
    Arrays.sort(order, Comparator.comparingDouble(i -> probability[i]));
    Tenth[] tenths = new Tenth[BINS];
    Arrays.fill(tenths, new Tenth(0, 0, 0, 0));
    int bin = 0;
    for (int from = 0, to; from < order.length; from = to) {
      double tied = probability[order[from]];
      int positives = 0;
      for (to = from;
          to < order.length && Double.compare(probability[order[to]], tied) == 0;
          to++) {
        positives += truth[order[to]] ? 1 : 0;
      }
      long middle = (from + (long) to - 1) / 2;
      while (middle >= (long) order.length * (bin + 1) / BINS) {
        bin++;
      }
      tenths[bin] = tenths[bin].plus(to - from, tied, positives);
    }
    return Arrays.stream(tenths).filter(t -> t.n() > 0).toList();
  }

  /** Wilson, 1927. */
  static double[] wilson(double successes, int n) {
    double z = 1.959964;
    double p = successes / n;
    double centre = (p + z * z / (2 * n)) / (1 + z * z / n);
    double half = z / (1 + z * z / n) * Math.sqrt(p * (1 - p) / n + z * z / (4.0 * n * n));
    return new double[] {centre - half, centre + half};
  }

  private static String square(String title, String name, String xLabel, String yLabel) {
    StringBuilder svg =
        new StringBuilder(open("small", SIDE + MARGIN + 12, SIDE + MARGIN + 22, title));
    svg.append(text(MARGIN + SIDE / 2.0, 11, "middle", name));
    svg.append(
        path("grid", "M%.1f,%.1f H%.1f M%.1f,%.1f V%.1f", x(0), y(0.5), x(1), x(0.5), y(0), y(1)));
    svg.append(path("axis", "M%.1f,%.1f V%.1f H%.1f", x(0), y(1), y(0), x(1)));
    svg.append(path("chance", "M%.1f,%.1f L%.1f,%.1f", x(0), y(0), x(1), y(1)));
    List<String> ends = new ArrayList<>();
    for (int i = 0; i <= 2; i++) {
      String tick = i == 1 ? "0.5" : i == 0 ? "0" : "1";
      ends.add(text(x(i / 2.0), y(0) + 13, "middle", tick));
      ends.add(text(x(0) - 4, y(i / 2.0) + 4, "end", tick));
    }
    ends.forEach(svg::append);
    svg.append(text(MARGIN + SIDE / 2.0, y(0) + 27, "middle", xLabel));
    svg.append(
        String.format(
            Locale.ROOT,
            "<text transform=\"translate(10,%.0f) rotate(-90)\" text-anchor=\"middle\">%s</text>",
            y(0.5),
            escape(yLabel)));
    return svg.toString();
  }

  private static double x(double share) {
    return MARGIN + Math.max(0, Math.min(1, share)) * SIDE;
  }

  private static double y(double share) {
    return 18 + (1 - Math.max(0, Math.min(1, share))) * SIDE;
  }

  private static String open(String kind, int width, int height, String title) {
    return "<svg role=\"img\" aria-label=\""
        + escape(title)
        + "\" class=\""
        + kind
        + "\" viewBox=\"0 0 "
        + width
        + " "
        + height
        + "\">";
  }

  private static String path(String kind, String format, Object... values) {
    return "<path class=\""
        + kind
        + "\" d=\""
        + String.format(Locale.ROOT, format, values)
        + "\"/>";
  }

  private static String dot(double x, double y, int radius) {
    return String.format(
        Locale.ROOT, "<circle class=\"dot\" cx=\"%.1f\" cy=\"%.1f\" r=\"%d\"/>", x, y, radius);
  }

  private static String text(double x, double y, String anchor, String text) {
    return String.format(
        Locale.ROOT,
        "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>",
        x,
        y,
        anchor,
        escape(text));
  }

  private static String escape(String text) {
    return HtmlEscapers.htmlEscaper().escape(text);
  }
}
