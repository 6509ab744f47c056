package io.t3d.cli.benchmark;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.google.common.collect.Lists;
import io.t3d.cli.benchmark.measure.RocCurve;
import io.t3d.cli.benchmark.stats.ForestPlot;
import io.t3d.cli.benchmark.task.SuiteData;
import io.t3d.cli.page.part.Example;
import io.t3d.cli.page.part.LineChart;
import io.t3d.cli.page.part.Made;
import io.t3d.cli.page.part.Pages;
import io.t3d.cli.page.part.Picture;
import io.t3d.cli.page.part.Svg;
import io.t3d.cli.page.part.Table;
import io.t3d.cli.picture.SliceImages;
import io.t3d.cli.picture.TokenHeat;
import io.t3d.core.config.Configs;
import io.t3d.core.model.T3DModel;
import io.t3d.core.text.Sentences;
import io.t3d.core.volume.Volume;
import io.t3d.data.transform.IntensityWindow;
import io.t3d.pipeline.TrainedModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The benchmark's {@code report.html}: one file with tables, curves, examples and pictures. */
public final class BenchmarkPage {
  private static final int EXAMPLES = 3;
  private static final int RETRIEVED = 3;
  private static final int RETRIEVED_AMONG = 200;
  private static final String SEEN =
      "the middle crop as the encoder sees it, from the 0.5th to the 99.5th percentile";

  private final BenchmarkConfig config;
  private final CellStore store;
  private final BenchmarkTable table;
  private final SuiteData data;
  private final String command;

  BenchmarkPage(
      BenchmarkConfig config,
      CellStore store,
      BenchmarkTable table,
      SuiteData data,
      String command) {
    this.config = config;
    this.store = store;
    this.table = table;
    this.data = data;
    this.command = command;
  }

  /**
   * What the page shows.
   *
   * @param intro what was compared
   * @param methods one row each
   * @param forest T3D's differences; absent without any
   * @param sections claims and tables
   * @param losses one chart per method, smoothed
   * @param rocs charts by task
   * @param shown examples by method
   * @param made how
   */
  public record Model(
      String intro,
      Table methods,
      Optional<Svg> forest,
      List<Section> sections,
      List<LineChart> losses,
      List<Rocs> rocs,
      List<Shown> shown,
      Made made) {
    /** Copies the lists. */
    public Model {
      sections = List.copyOf(sections);
      losses = List.copyOf(losses);
      rocs = List.copyOf(rocs);
      shown = List.copyOf(shown);
    }
  }

  /** A table with its title. */
  public record Section(String title, Table table) {}

  /** Charts of ROCs, a few methods each. */
  public record Rocs(String title, List<LineChart> charts) {
    /** Copies the list. */
    public Rocs {
      charts = List.copyOf(charts);
    }
  }

  /** What a method retrieves, attends to and clusters. */
  public record Shown(String title, List<Example> examples) {
    /** Copies the list. */
    public Shown {
      examples = List.copyOf(examples);
    }
  }

  void write(Path file) throws IOException {
    ForestPlot forest = table.forest();
    List<Shown> shown = new ArrayList<>();
    for (Method method : List.of(Method.T3D, Method.CLIP)) {
      if (config.methods().contains(method)) {
        shown.add(new Shown(method.title(), examples(method)));
      }
    }
    Model page =
        new Model(
            String.format(
                Locale.ROOT,
                "%d replicates, each with phantoms of its own (%d training, %d validation, %d test"
                    + " pairs) and a seed of its own; every method has the same encoder, data and"
                    + " steps. Values are means over replicates with 95 %% confidence intervals"
                    + " (Student's t). Phantoms say nothing about performance on patients.",
                config.replicates(),
                config.counts().train(),
                config.counts().validation(),
                config.counts().test()),
            methods(),
            forest.isEmpty() ? Optional.empty() : Optional.of(new Svg(forest.svg())),
            table.sections().stream()
                .map(s -> new Section(s.title(), new Table(s.header(), s.rows())))
                .toList(),
            losses(),
            List.of(
                roc("zero-shot", "ROC of zero-shot classification"),
                roc("linear-probe", "ROC of linear probes on the largest share of labels")),
            shown,
            Made.by(command, Configs.toYaml(config)));
    Pages.write(file, "benchmark.jte", page);
  }

  private Table methods() {
    List<List<String>> rows = new ArrayList<>();
    for (Method method : config.methods()) {
      List<Cell> trained =
          table.cells().stream()
              .filter(c -> c.method() == method && c.task().equals(UnitRunner.PRETRAINING))
              .toList();
      rows.add(
          List.of(
              method.title(),
              method == Method.SCRATCH
                  ? "nothing: random weights"
                  : method.alignsText() ? "volumes and reports" : "volumes alone",
              steps(trained),
              Integer.toString((int) trained.stream().map(Cell::replicate).distinct().count())));
    }
    return new Table(List.of("method", "learns from", "steps", "replicates done"), rows);
  }

  private static String steps(List<Cell> cells) {
    return cells.stream()
        .map(Cell::steps)
        .distinct()
        .sorted()
        .map(v -> Integer.toString(v))
        .collect(Collectors.joining(", "));
  }

  /** The longest pre-training of a method on the first replicate. */
  private Arm arm(Method method) {
    int steps = config.longMethods().contains(method) ? config.longest() : config.steps().get(0);
    return new Arm(method, steps, 1);
  }

  private List<LineChart> losses() throws IOException {
    List<LineChart> charts = new ArrayList<>();
    for (Method method : config.methods()) {
      List<double[]> points = LossLog.read(store.run(arm(method)), "loss");
      if (!points.isEmpty()) {
        charts.add(
            LineChart.of(
                "steps", "loss", List.of(new LineChart.Curve(method.title(), points).smoothed())));
      }
    }
    return charts;
  }

  private Rocs roc(String task, String title) {
    List<LineChart.Curve> curves = new ArrayList<>();
    for (Method method : config.methods()) {
      List<List<Double>> replicates =
          table.cells().stream()
              .filter(c -> c.method() == method && c.steps() == arm(method).steps())
              .filter(c -> c.task().equals(task) && !c.roc().isEmpty())
              .map(Cell::roc)
              .toList();
      if (!replicates.isEmpty()) {
        curves.add(new LineChart.Curve(method.title(), mean(replicates)));
      }
    }
    // A few lines per chart, or none can be told from another.
    return new Rocs(
        title,
        Lists.partition(curves, 4).stream()
            .map(some -> LineChart.of("false-positive rate", "true-positive rate", some))
            .toList());
  }

  private static List<double[]> mean(List<List<Double>> replicates) {
    List<double[]> points = new ArrayList<>();
    points.add(new double[] {0, 0});
    for (int i = 0; i < RocCurve.POINTS; i++) {
      int at = i;
      double mean = replicates.stream().mapToDouble(r -> r.get(at)).average().orElse(Double.NaN);
      points.add(new double[] {i / (RocCurve.POINTS - 1.0), mean});
    }
    return points;
  }

  private List<Example> examples(Method method) throws IOException {
    Path run = store.run(arm(method));
    SuiteData.Part test = data.test().first(RETRIEVED_AMONG);
    List<Example> examples = new ArrayList<>();
    try (TrainedModel trained = TrainedModel.open(run);
        NDManager scope = trained.model().manager().newSubManager()) {
      T3DModel model = trained.model();
      NDArray volumes =
          model.encodeVolumes(
              test.load(scope, IntStream.range(0, test.size()).toArray())); // (n, E)
      NDArray reports = model.encodeReports(scope, test.reports()); // (n, E)
      long[] order = volumes.matMul(reports.transpose()).argSort(1, false).toLongArray(); // (n, n)
      for (int i = 0; i < Math.min(EXAMPLES, test.size()); i++) {
        List<List<String>> lines = new ArrayList<>();
        lines.add(List.of("its report", test.reports().get(i)));
        for (int k = 0; k < Math.min(RETRIEVED, test.size()); k++) {
          int other = (int) order[i * test.size() + k];
          String own = other == i ? " (its own)" : "";
          lines.add(List.of("retrieved " + (k + 1) + own, test.reports().get(other)));
        }
        Table table = new Table(List.of("", "report"), lines);
        examples.add(new Example(pictures(model, test, i), List.of(table)));
      }
    }
    return examples;
  }

  private static List<Picture> pictures(T3DModel model, SuiteData.Part test, int i) {
    Overlays overlays = Overlays.of(model, test.views().get(i), test.reports().get(i));
    IntensityWindow grey = IntensityWindow.ofPercentiles(overlays.view());
    return List.of(
        new Picture(
            "test volume "
                + (i + 1)
                + ", and the sentence of its report that each token is nearest to",
            SliceImages.of(overlays.view(), grey)
                .caption(SEEN)
                .mask(overlays.clusters(), Sentences.of(test.reports().get(i)))
                .png()),
        heat(
            "relevance to “" + overlays.sentence() + "”: weight",
            overlays.view(),
            overlays.relevance()),
        heat("likeness to the report: cosine", overlays.view(), overlays.likeness()));
  }

  private static Picture heat(String what, Volume view, TokenHeat heat) {
    IntensityWindow grey = IntensityWindow.ofPercentiles(view);
    return new Picture(
        String.format(Locale.ROOT, "%s %.3f to %.3f", what, heat.low(), heat.high()),
        SliceImages.of(view, grey).caption(SEEN).heat(heat.scaled(), what).png());
  }
}
