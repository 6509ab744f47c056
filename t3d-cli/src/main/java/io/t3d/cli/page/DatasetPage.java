package io.t3d.cli.page;

import io.t3d.core.config.Configs;
import io.t3d.data.published.merge.DatasetStatistics;
import io.t3d.data.published.merge.DatasetStatistics.Count;
import io.t3d.data.published.merge.DatasetStatistics.Distribution;
import io.t3d.data.published.merge.DatasetStatistics.Source;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The statistics of merged data sets as a page. */
public final class DatasetPage {
  private final DatasetStatistics statistics;

  /** Shows these statistics. */
  public DatasetPage(DatasetStatistics statistics) {
    this.statistics = statistics;
  }

  /** Writes the page as one file; it is replaced as a whole or not at all. */
  public void write(Path file) throws IOException {
    HtmlPage page = new HtmlPage("Merged data sets");
    page.paragraph(
        "Counts and distributions only: no ids, no file names, no report texts. Spacing and size"
            + " are from the headers, along the stored axes, after calibration.");
    counts(page);
    statistics.sources().forEach((name, source) -> source(page, name, source));
    page.heading("Settings").code(Configs.toYaml(statistics.settings()));
    page.write(file);
  }

  private void counts(HtmlPage page) {
    List<List<String>> rows = new ArrayList<>();
    statistics
        .sources()
        .forEach(
            (name, source) ->
                source.splits().forEach((split, c) -> rows.add(count(name, split, c))));
    page.heading("Volumes, scans and patients");
    page.table(List.of("set", "split", "volumes", "scans", "patients"), rows);
  }

  private static List<String> count(String name, String split, Count c) {
    return List.of(
        name,
        split,
        Integer.toString(c.volumes()),
        Integer.toString(c.scans()),
        Integer.toString(c.patients()));
  }

  private static void source(HtmlPage page, String name, Source source) {
    page.heading(name);
    List<List<String>> rows = new ArrayList<>();
    source.spacingMm().forEach((axis, d) -> rows.add(row("spacing " + axis + ", mm", d, 3)));
    source.size().forEach((axis, d) -> rows.add(row("size " + axis + ", voxels", d, 0)));
    source.reportWords().ifPresent(words -> rows.add(row("report, words", words, 0)));
    page.table(List.of("", "min", "5 %", "median", "95 %", "max"), rows);
    if (source.reportWords().isEmpty()) {
      page.paragraph("The set publishes no reports; it is in transfer.csv, for its labels.");
    } else {
      page.paragraph(
          source.reportsOfSeveralScans() + " reports belong, word for word, to several scans.");
    }
    labels(page, source);
    dropped(page, source.dropped());
  }

  private static void labels(HtmlPage page, Source source) {
    if (source.labels().isEmpty()) {
      return;
    }
    Map<String, Double> shares = new LinkedHashMap<>();
    source
        .labels()
        .forEach(
            (label, p) ->
                shares.put(label + " (" + p.positive() + " of " + p.known() + ")", p.share()));
    page.paragraph("Prevalence of the labels among volumes whose label is known:");
    page.bars(shares, 0);
  }

  private static void dropped(HtmlPage page, Map<String, Integer> dropped) {
    if (dropped.isEmpty()) {
      page.paragraph("Nothing was left out.");
      return;
    }
    List<List<String>> rows = new ArrayList<>();
    dropped.forEach((reason, count) -> rows.add(List.of(reason, Integer.toString(count))));
    page.table(List.of("left out", "how many"), rows);
  }

  private static List<String> row(String name, Distribution d, int digits) {
    List<String> cells = new ArrayList<>(List.of(name));
    for (double v : new double[] {d.min(), d.p05(), d.median(), d.p95(), d.max()}) {
      cells.add(String.format(Locale.ROOT, "%." + digits + "f", v));
    }
    return cells;
  }
}
