package io.t3d.cli.page;

import io.t3d.cli.benchmark.BenchmarkPage;
import io.t3d.cli.benchmark.stats.ForestPlot;
import io.t3d.cli.page.part.Bar;
import io.t3d.cli.page.part.Charts;
import io.t3d.cli.page.part.Classification;
import io.t3d.cli.page.part.Example;
import io.t3d.cli.page.part.LineChart;
import io.t3d.cli.page.part.Made;
import io.t3d.cli.page.part.Picture;
import io.t3d.cli.page.part.Retrieval;
import io.t3d.cli.page.part.Svg;
import io.t3d.cli.page.part.Table;
import io.t3d.cli.runs.Comparison;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import javax.imageio.ImageIO;

/** Models of all pages with every part, wherever a text may stand a given one. */
final class PageModels {
  private final String text;
  private final Table table;
  private final LineChart chart;
  private final Classification classification;
  private final Retrieval retrieval;
  private final Example example;
  private final Made made;

  private PageModels(String text) {
    this.text = text;
    List<List<String>> rows =
        List.of(List.of(text, "12", "0.713 (0.650–0.771)"), List.of("chance", "4", text));
    this.table = new Table(List.of(text, "volumes", "AUROC"), rows);
    List<double[]> points =
        List.of(new double[] {0, 3}, new double[] {50, 2}, new double[] {99, 1});
    this.chart =
        LineChart.of(text, text, Collections.nCopies(3, new LineChart.Curve(text, points)));
    boolean[] truth = {true, false, true, false, true, false, true, false, true, false};
    double[] p = {.9, .8, .7, .6, .5, .4, .3, .2, .1, .05};
    List<String> patients = List.of("a", "b", "c", "d", "e", "f", "g", "h", "i", "j");
    this.classification =
        new Classification(
            text,
            Charts.whiskers(
                List.of(new Charts.Whisker(text, 0.7, Optional.of(0.6), Optional.of(0.8))), 0.5),
            List.of(text),
            table,
            Optional.of(
                new Classification.Curves(
                    Charts.roc(text, truth, p, patients), Charts.calibration(truth, p), text)));
    this.retrieval = new Retrieval(200, text, table);
    this.example = new Example(List.of(new Picture(text, png())), List.of(table, table));
    this.made = new Made(text, text, text);
  }

  /** Template → model. */
  static Map<String, Object> with(String text) {
    PageModels models = new PageModels(text);
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("results.jte", models.results());
    all.put("evaluation.jte", models.evaluation());
    all.put("dataset.jte", models.dataset());
    all.put("compare.jte", models.compare());
    all.put("benchmark.jte", models.benchmark());
    return all;
  }

  private ResultsPage.Model results() {
    return new ResultsPage.Model(
        text,
        table,
        List.of(chart),
        chart,
        classification,
        retrieval,
        List.of(example),
        example.pictures(),
        List.of(text),
        made);
  }

  private EvaluationPage.Model evaluation() {
    return new EvaluationPage.Model(
        text,
        table,
        List.of(classification, classification),
        Optional.of(retrieval),
        List.of(example),
        List.of(text, text),
        made);
  }

  private DatasetPage.Model dataset() {
    Svg ranges =
        Charts.ranges(
            text, List.of(new Charts.Range(text, List.of(0.5, 0.6, 0.7, 0.9, 1.5))), text);
    DatasetPage.Set set = new DatasetPage.Set(text, table, text, List.of(new Bar(text, 0.4)));
    return new DatasetPage.Model(table, ranges, ranges, List.of(set, set), table, made);
  }

  private Comparison.Model compare() {
    return new Comparison.Model(table, table, List.of(chart, chart), List.of(chart));
  }

  private BenchmarkPage.Model benchmark() {
    ForestPlot forest = new ForestPlot(text, List.of(text), 0.02);
    forest.group(text, List.of(new ForestPlot.Row(text, List.of(Optional.empty()), true)));
    return new BenchmarkPage.Model(
        text,
        table,
        Optional.of(new Svg(forest.svg())),
        List.of(new BenchmarkPage.Section(text, table)),
        List.of(chart),
        List.of(new BenchmarkPage.Rocs(text, List.of(chart))),
        List.of(new BenchmarkPage.Shown(text, List.of(example))),
        made);
  }

  private static byte[] png() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      ImageIO.write(new BufferedImage(960, 320, BufferedImage.TYPE_INT_RGB), "png", out);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return out.toByteArray();
  }
}
