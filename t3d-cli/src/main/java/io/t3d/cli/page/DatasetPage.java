package io.t3d.cli.page;

import io.t3d.cli.page.part.Bar;
import io.t3d.cli.page.part.Charts;
import io.t3d.cli.page.part.Made;
import io.t3d.cli.page.part.Pages;
import io.t3d.cli.page.part.Svg;
import io.t3d.cli.page.part.Table;
import io.t3d.core.config.Configs;
import io.t3d.data.published.merge.DatasetStatistics;
import io.t3d.data.published.merge.DatasetStatistics.Count;
import io.t3d.data.published.merge.DatasetStatistics.Distribution;
import io.t3d.data.published.merge.DatasetStatistics.Source;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;

/** The statistics of merged data sets as a page. */
public final class DatasetPage {
  private final DatasetStatistics statistics;
  private final String command;

  /**
   * Shows these statistics.
   *
   * @param command that made them, without folders: the page has none
   */
  public DatasetPage(DatasetStatistics statistics, String command) {
    this.statistics = statistics;
    this.command = command;
  }

  /**
   * What the page shows.
   *
   * @param counts by set and split
   * @param spacing voxels' sizes of all sets, mm
   * @param size voxels of all sets
   * @param sets one by one
   * @param leftOut by set and reason; no rows where nothing was
   * @param made how
   */
  public record Model(
      Table counts, Svg spacing, Svg size, List<Set> sets, Table leftOut, Made made) {
    /** Copies the list. */
    public Model {
      sets = List.copyOf(sets);
    }
  }

  /**
   * One set.
   *
   * @param name as published
   * @param distributions of spacing, size and words
   * @param reports what is known of them
   * @param prevalence of each label; none without labels
   */
  public record Set(String name, Table distributions, String reports, List<Bar> prevalence) {
    /** Copies the list. */
    public Set {
      prevalence = List.copyOf(prevalence);
    }
  }

  /** Writes the page as one file; it is replaced as a whole or not at all. */
  public void write(Path file) throws IOException {
    Pages.write(file, "dataset.jte", model());
  }

  Model model() {
    List<Set> sets = new ArrayList<>();
    statistics.sources().forEach((name, source) -> sets.add(set(name, source)));
    return new Model(
        counts(),
        Charts.ranges("voxel sizes", ranges(Source::spacingMm), "mm"),
        Charts.ranges("volume sizes", ranges(Source::size), "voxels"),
        sets,
        leftOut(),
        Made.by(command, Configs.toYaml(statistics.settings())));
  }

  private Table counts() {
    List<List<String>> rows = new ArrayList<>();
    statistics
        .sources()
        .forEach(
            (name, source) ->
                source.splits().forEach((split, c) -> rows.add(count(name, split, c))));
    return new Table(List.of("set", "split", "volumes", "scans", "patients"), rows);
  }

  private static List<String> count(String name, String split, Count c) {
    return List.of(
        name,
        split,
        Integer.toString(c.volumes()),
        Integer.toString(c.scans()),
        Integer.toString(c.patients()));
  }

  private List<Charts.Range> ranges(Function<Source, Map<String, Distribution>> of) {
    List<Charts.Range> ranges = new ArrayList<>();
    statistics
        .sources()
        .forEach(
            (name, source) ->
                of.apply(source)
                    .forEach(
                        (axis, d) ->
                            ranges.add(
                                new Charts.Range(
                                    name + " " + axis,
                                    List.of(d.min(), d.p05(), d.median(), d.p95(), d.max())))));
    return ranges;
  }

  private static Set set(String name, Source source) {
    List<List<String>> rows = new ArrayList<>();
    source.spacingMm().forEach((axis, d) -> rows.add(row("spacing " + axis + ", mm", d, 3)));
    source.size().forEach((axis, d) -> rows.add(row("size " + axis + ", voxels", d, 0)));
    source.reportWords().ifPresent(words -> rows.add(row("report, words", words, 0)));
    List<Bar> prevalence = new ArrayList<>();
    source
        .labels()
        .forEach(
            (label, p) ->
                prevalence.add(
                    new Bar(label + " (" + p.positive() + " of " + p.known() + ")", p.share())));
    return new Set(
        name,
        new Table(List.of("", "min", "5 %", "median", "95 %", "max"), rows),
        source.reportWords().isEmpty()
            ? "The set publishes no reports; it is in transfer.csv, for its labels."
            : source.reportsOfSeveralScans() + " reports belong, word for word, to several scans.",
        prevalence);
  }

  private Table leftOut() {
    List<List<String>> rows = new ArrayList<>();
    statistics
        .sources()
        .forEach(
            (name, source) ->
                source
                    .dropped()
                    .forEach(
                        (reason, count) ->
                            rows.add(List.of(name, reason, Integer.toString(count)))));
    return new Table(List.of("set", "left out", "how many"), rows);
  }

  private static List<String> row(String name, Distribution d, int digits) {
    List<String> cells = new ArrayList<>(List.of(name));
    for (double v : new double[] {d.min(), d.p05(), d.median(), d.p95(), d.max()}) {
      cells.add(String.format(Locale.ROOT, "%." + digits + "f", v));
    }
    return cells;
  }
}
