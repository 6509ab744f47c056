package io.t3d.cli.runs;

import io.t3d.cli.page.part.LineChart;
import io.t3d.cli.page.part.Table;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.function.Function;

/** Trainings side by side: results, then the settings in which they differ. */
public final class Comparison {
  private static final String NOTHING = "–";

  private final List<RunFolder> runs;
  private final List<String> names;

  Comparison(List<RunFolder> runs) {
    this.runs = List.copyOf(runs);
    List<String> last = runs.stream().map(RunFolder::name).toList();
    boolean unique = new LinkedHashSet<>(last).size() == last.size();
    this.names = unique ? last : runs.stream().map(r -> r.folder().toString()).toList();
  }

  /** First and last mean loss of a run. */
  static String loss(RunFolder run) {
    return String.format(Locale.ROOT, "%.4f → %.4f", run.meanLoss(false), run.meanLoss(true));
  }

  /** The best of a score and when that was. */
  static String best(RunFolder run, String score) {
    return run.best(score)
        .map(p -> String.format(Locale.ROOT, "%s %.4f at step %.0f", score, p[1], p[0]))
        .orElse(NOTHING);
  }

  private List<String> row(String name, Function<RunFolder, String> cell) {
    List<String> row = new ArrayList<>(List.of(name));
    runs.forEach(run -> row.add(cell.apply(run)));
    return row;
  }

  /** The first row has the names of the runs. */
  List<List<String>> results() {
    List<List<String>> rows = new ArrayList<>();
    List<String> header = new ArrayList<>(List.of(""));
    header.addAll(names);
    rows.add(header);
    rows.add(row("steps", run -> Integer.toString(run.stepsDone())));
    rows.add(row("loss", Comparison::loss));
    for (String score : scores()) {
      rows.add(
          row(
              "best " + score,
              run ->
                  run.best(score)
                      .map(p -> String.format(Locale.ROOT, "%.4f at step %.0f", p[1], p[0]))
                      .orElse(NOTHING)));
    }
    rows.add(row("time of steps", run -> time(run.seconds())));
    rows.add(row("started", run -> run.told("started")));
    rows.add(row("machine", run -> run.told("machine")));
    rows.add(row("data", run -> run.told("data")));
    rows.add(row("commit", run -> run.told("gitCommit")));
    return rows;
  }

  private Set<String> scores() {
    Set<String> scores = new LinkedHashSet<>();
    runs.forEach(run -> scores.addAll(run.scores()));
    return scores;
  }

  private static String time(double seconds) {
    return Double.isNaN(seconds)
        ? NOTHING
        : String.format(
            Locale.ROOT,
            "%d:%02d:%02d",
            (long) seconds / 3600,
            (long) seconds / 60 % 60,
            (long) seconds % 60);
  }

  /** Rows of the settings in which the runs differ; none where all are alike. */
  List<List<String>> differences() {
    Set<String> keys = new LinkedHashSet<>();
    runs.forEach(run -> keys.addAll(run.settings().keySet()));
    List<List<String>> rows = new ArrayList<>();
    for (String key : keys) {
      boolean same =
          runs.stream()
              .map(run -> run.settings().get(key))
              .allMatch(value -> Objects.equals(value, runs.get(0).settings().get(key)));
      if (!same) {
        rows.add(row(key, run -> run.settings().getOrDefault(key, NOTHING)));
      }
    }
    return rows;
  }

  /**
   * What the page shows.
   *
   * @param results one column per run
   * @param differences settings that differ; no rows where all are alike
   * @param training curves of all runs over one another; losses and norms smoothed
   * @param validation one chart per score
   */
  public record Model(
      Table results, Table differences, List<LineChart> training, List<LineChart> validation) {
    /** Copies the lists. */
    public Model {
      training = List.copyOf(training);
      validation = List.copyOf(validation);
    }
  }

  /** The same as a page, with the curves of all runs over one another. */
  Model page() {
    List<List<String>> results = results();
    List<String> header = results.get(0);
    return new Model(
        new Table(header, results.subList(1, results.size())),
        new Table(header, differences()),
        List.of(
            draw("loss", true, run -> run.steps().points("loss")),
            draw("learning rate", false, run -> run.steps().points("learningRate")),
            draw("gradient norm", true, run -> run.steps().points("gradNorm"))),
        scores().stream()
            .map(score -> draw(score, false, run -> run.validations().points(score)))
            .toList());
  }

  private LineChart draw(String what, boolean smooth, Function<RunFolder, List<double[]>> points) {
    List<LineChart.Curve> curves = new ArrayList<>();
    for (int i = 0; i < runs.size(); i++) {
      LineChart.Curve curve = new LineChart.Curve(names.get(i), points.apply(runs.get(i)));
      curves.add(smooth ? curve.smoothed() : curve);
    }
    return LineChart.of("step", what, curves);
  }

  /** For a terminal. */
  List<String> lines() {
    List<List<String>> rows = new ArrayList<>(results());
    rows.addAll(differences());
    return TextTable.lines(rows);
  }

  /** Reads runs. */
  static Comparison of(List<Path> folders) throws IOException {
    List<RunFolder> runs = new ArrayList<>();
    for (Path folder : folders) {
      runs.add(RunFolder.read(folder));
    }
    return new Comparison(runs);
  }
}
