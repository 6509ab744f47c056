package io.t3d.cli.benchmark;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.t3d.cli.benchmark.measure.RocCurve;
import io.t3d.cli.benchmark.stats.ForestPlot;
import io.t3d.cli.benchmark.task.SuiteData;
import io.t3d.cli.page.HtmlPage;
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
import java.util.stream.IntStream;

/** The benchmark's {@code report.html}: one file with tables, curves, examples and pictures. */
final class BenchmarkPage {
  private static final int EXAMPLES = 3;
  private static final int RETRIEVED = 3;
  private static final int RETRIEVED_AMONG = 200;
  private static final String SEEN =
      "the middle crop as the encoder sees it, from the 0.5th to the 99.5th percentile";

  private final BenchmarkConfig config;
  private final CellStore store;
  private final BenchmarkTable table;
  private final SuiteData data;

  BenchmarkPage(BenchmarkConfig config, CellStore store, BenchmarkTable table, SuiteData data) {
    this.config = config;
    this.store = store;
    this.table = table;
    this.data = data;
  }

  void write(Path file) throws IOException {
    HtmlPage page = new HtmlPage("Pre-training methods on phantom CT");
    page.paragraph(
        String.format(
            Locale.ROOT,
            "%d replicates, each with phantoms of its own (%d training, %d validation, %d test"
                + " pairs) and a seed of its own; every method has the same encoder, data and"
                + " steps. Values are means over replicates with 95 %% confidence intervals"
                + " (Student's t). Phantoms say nothing about performance on patients.",
            config.replicates(),
            config.counts().train(),
            config.counts().validation(),
            config.counts().test()));
    ForestPlot forest = table.forest();
    if (!forest.isEmpty()) {
      page.drawing(forest.svg());
    }
    for (BenchmarkTable.Section section : table.sections()) {
      page.heading(section.title()).table(section.header(), section.rows());
    }
    losses(page);
    roc(page, "zero-shot", "ROC of zero-shot classification");
    roc(page, "linear-probe", "ROC of linear probes on the largest share of labels");
    for (Method method : List.of(Method.T3D, Method.CLIP)) {
      if (config.methods().contains(method)) {
        examples(page, method);
      }
    }
    page.heading("Settings").code(Configs.toYaml(config));
    page.write(file);
  }

  /** The longest pre-training of a method on the first replicate. */
  private Arm arm(Method method) {
    int steps = config.longMethods().contains(method) ? config.longest() : config.steps().get(0);
    return new Arm(method, steps, 1);
  }

  private void losses(HtmlPage page) throws IOException {
    page.heading("Pre-training losses, replicate 1");
    page.paragraph(
        "Each method minimises a loss of its own: heights of different methods cannot be"
            + " compared.");
    for (Method method : config.methods()) {
      List<double[]> points = LossLog.read(store.run(arm(method)), "loss");
      if (!points.isEmpty()) {
        page.curves("steps", "loss", List.of(new HtmlPage.Curve(method.title(), points)));
      }
    }
  }

  private void roc(HtmlPage page, String task, String title) {
    List<HtmlPage.Curve> curves = new ArrayList<>();
    for (Method method : config.methods()) {
      List<List<Double>> replicates =
          table.cells().stream()
              .filter(c -> c.method() == method && c.steps() == arm(method).steps())
              .filter(c -> c.task().equals(task) && !c.roc().isEmpty())
              .map(Cell::roc)
              .toList();
      if (!replicates.isEmpty()) {
        curves.add(new HtmlPage.Curve(method.title(), mean(replicates)));
      }
    }
    page.heading(title);
    page.paragraph(
        "True-positive over false-positive rate, means over findings and replicates; each method at"
            + " its most steps.");
    // A few lines per chart, or none can be told from another.
    for (int from = 0; from < curves.size(); from += 4) {
      page.curves(
          "false-positive rate",
          "true-positive rate",
          curves.subList(from, Math.min(curves.size(), from + 4)));
    }
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

  private void examples(HtmlPage page, Method method) throws IOException {
    Path run = store.run(arm(method));
    SuiteData.Part test = data.test().first(RETRIEVED_AMONG);
    page.heading(method.title() + ": what it retrieves, attends to and clusters");
    page.paragraph(
        "Pictures: an axial, a coronal and a sagittal slice through the middle, the patient's right"
            + " at the left of the first two: the volume as the encoder sees it; each visual token"
            + " in the colour of the sentence of the report that it is most like; the weights with"
            + " which visual tokens gather around one sentence of the report, the one for which"
            + " they differ most; and the cosine of each visual token with the report's embedding."
            + " Heat goes from dark violet, the least of that picture, to light yellow, the most;"
            + " captions have both.");
    try (TrainedModel trained = TrainedModel.open(run);
        NDManager scope = trained.model().manager().newSubManager()) {
      T3DModel model = trained.model();
      NDArray volumes =
          model.encodeVolumes(
              test.load(scope, IntStream.range(0, test.size()).toArray())); // (n, E)
      NDArray reports = model.encodeReports(scope, test.reports()); // (n, E)
      long[] order = volumes.matMul(reports.transpose()).argSort(1, false).toLongArray(); // (n, n)
      for (int i = 0; i < Math.min(EXAMPLES, test.size()); i++) {
        pictures(page, model, test, i);
        List<List<String>> lines = new ArrayList<>();
        lines.add(List.of("its report", test.reports().get(i)));
        for (int k = 0; k < Math.min(RETRIEVED, test.size()); k++) {
          int other = (int) order[i * test.size() + k];
          String own = other == i ? " (its own)" : "";
          lines.add(List.of("retrieved " + (k + 1) + own, test.reports().get(other)));
        }
        page.table(List.of("", "report"), lines);
      }
    }
  }

  private static void pictures(HtmlPage page, T3DModel model, SuiteData.Part test, int i) {
    Overlays overlays = Overlays.of(model, test.views().get(i), test.reports().get(i));
    IntensityWindow grey = IntensityWindow.ofPercentiles(overlays.view());
    page.picture(
        "test volume " + (i + 1) + ", and the sentence of its report that each token is nearest to",
        SliceImages.of(overlays.view(), grey)
            .caption(SEEN)
            .mask(overlays.clusters(), Sentences.of(test.reports().get(i)))
            .png());
    heat(
        page,
        "relevance to “" + overlays.sentence() + "”: weight",
        overlays.view(),
        overlays.relevance());
    heat(page, "likeness to the report: cosine", overlays.view(), overlays.likeness());
  }

  private static void heat(HtmlPage page, String what, Volume view, TokenHeat heat) {
    IntensityWindow grey = IntensityWindow.ofPercentiles(view);
    page.picture(
        String.format(Locale.ROOT, "%s %.3f to %.3f", what, heat.low(), heat.high()),
        SliceImages.of(view, grey).caption(SEEN).heat(heat.scaled(), what).png());
  }
}
