package io.t3d.cli.page;

import com.google.common.primitives.Booleans;
import com.google.common.primitives.Doubles;
import io.t3d.cli.picture.SliceImages;
import io.t3d.cli.picture.TokenHeat;
import io.t3d.core.config.Configs;
import io.t3d.core.model.Relevance;
import io.t3d.core.text.Sentences;
import io.t3d.core.train.Provenance;
import io.t3d.core.volume.View;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.VolumeReaders;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.manifest.Split;
import io.t3d.data.phantom.Structure;
import io.t3d.data.transform.IntensityWindow;
import io.t3d.data.transform.Reorient;
import io.t3d.pipeline.PretrainConfig;
import io.t3d.pipeline.TrainedModel;
import io.t3d.pipeline.evaluate.Evaluation;
import io.t3d.pipeline.evaluate.EvaluationRun;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** The quickstart's {@code report.html}. */
final class ResultsPage {
  private static final int SENTENCES = 4;

  /** What a phantom's mask calls 1, 2, … from the first finding on. */
  static final List<String> FINDINGS =
      Arrays.stream(Structure.values())
          .filter(s -> s.value() >= Structure.NODULE.value())
          .map(s -> s.name().toLowerCase(Locale.ROOT).replace('_', ' '))
          .toList();

  private final PretrainConfig config;
  private final Evaluation found;
  private final LossCurves curves;
  private final List<ManifestRow> all;
  private final List<ManifestRow> test;
  private final TrainedModel trained;
  private final EvaluationRun evaluation;
  private final String command;

  /** Shows what was found; {@code evaluation} has classified and ranked already. */
  ResultsPage(
      PretrainConfig config,
      Evaluation found,
      LossCurves curves,
      List<ManifestRow> all,
      TrainedModel trained,
      EvaluationRun evaluation,
      String command) {
    this.config = config;
    this.found = found;
    this.curves = curves;
    this.all = all;
    this.test = all.stream().filter(row -> row.split() == Split.TEST).toList();
    this.trained = trained;
    this.evaluation = evaluation;
    this.command = command;
  }

  void write(Path file) throws IOException {
    Evaluation.Train training = found.train().orElseThrow();
    Evaluation.Classified zeroShot = found.zeroShot().orElseThrow();
    HtmlPage page = new HtmlPage("T3D quickstart on phantom CT");
    page.paragraph(
        String.format(
            Locale.ROOT,
            "A small model was pre-trained on %d phantom volume–report pairs in %.0f s (%.1f volumes/s)"
                + " and evaluated on %d pairs of patients it has never seen. Phantoms show that the"
                + " whole method works; they say nothing about performance on patients.",
            training.pairs(),
            training.seconds(),
            training.volumesPerSecond(),
            test.size()));
    dataset(page);
    page.heading("Training");
    page.curves("steps", "loss", curves.of("loss", "global", "tma"));
    page.curves(
        "steps", "loss", curves.of("tma_local", "tma_sentence", "tma_consistency", "tma_view"));
    page.curves("steps", "learning rate", curves.of(LossCurves.LEARNING_RATE));
    classification(page, zeroShot);
    retrieval(page);
    page.heading("Cases: best, median and worst");
    page.paragraph(
        "Ordered by the likelihood of the truth over all findings. Outlines are the findings of the"
            + " phantom's mask, which the model never sees.");
    List<Integer> order = byLikelihood();
    example(page, "best", order.get(0));
    example(page, "median", order.get(order.size() / 2));
    example(page, "worst", order.get(order.size() - 1));
    relevance(page, order.get(0));
    failures(page, zeroShot);
    page.heading("How this was made").code(command + "\n" + versions());
    page.heading("Settings").code(Configs.toYaml(config));
    page.write(file);
  }

  private void dataset(HtmlPage page) {
    page.heading("Dataset");
    List<List<String>> rows = new ArrayList<>();
    for (Split split : List.of(Split.TRAIN, Split.VALIDATION, Split.TEST)) {
      List<ManifestRow> some = all.stream().filter(row -> row.split() == split).toList();
      List<String> cells =
          new ArrayList<>(
              List.of(split.name().toLowerCase(Locale.ROOT), Integer.toString(some.size())));
      for (String finding : evaluation.predictions().keySet()) {
        long positive =
            some.stream().filter(row -> row.labels().getOrDefault(finding, false)).count();
        cells.add(
            String.format(Locale.ROOT, "%d (%.0f %%)", positive, 100.0 * positive / some.size()));
      }
      rows.add(cells);
    }
    List<String> header = new ArrayList<>(List.of("split", "pairs"));
    evaluation.predictions().keySet().forEach(f -> header.add(f.replace('_', ' ')));
    page.table(header, rows);
  }

  private void classification(HtmlPage page, Evaluation.Classified zeroShot) {
    page.heading(
        String.format(
            Locale.ROOT, "Zero-shot classification: macro AUROC %.3f", zeroShot.macroAuroc()));
    page.drawing(
        Charts.whiskers(
            zeroShot.labels().entrySet().stream()
                .filter(e -> e.getValue().metrics().containsKey("auroc"))
                .map(e -> whisker(e.getKey(), e.getValue().metrics().get("auroc")))
                .toList(),
            0.5));
    page.paragraph("AUROC with 95 % intervals by patient; the dashed line is chance.");
    page.paragraph(
        score(
                zeroShot.score().orElseThrow(),
                zeroShot.scoreReason().orElseThrow(),
                Optional.empty())
            + " Macro AUROC here by each score: "
            + zeroShot.scores().entrySet().stream()
                .map(e -> e.getKey() + " " + number(e.getValue()))
                .collect(Collectors.joining(", "))
            + ".");
    page.paragraph("Thresholds: " + zeroShot.thresholds() + ". 95 % intervals by patient.");
    page.table(
        List.of("", "AUROC", "average precision", "F1", "precision", "recall"),
        zeroShot.labels().entrySet().stream()
            .map(e -> label(e.getKey(), e.getValue().metrics()))
            .toList());
    StringBuilder charts = new StringBuilder();
    List<String> patients = test.stream().map(ManifestRow::patient).toList();
    boolean[] truths = new boolean[0];
    double[] probabilities = new double[0];
    for (Map.Entry<String, double[]> e : evaluation.predictions().entrySet()) {
      boolean[] truth = truth(e.getKey());
      charts.append(Charts.roc(e.getKey().replace('_', ' '), truth, e.getValue(), patients));
      truths = Booleans.concat(truths, truth);
      probabilities = Doubles.concat(probabilities, e.getValue());
    }
    page.drawing(charts.toString());
    page.paragraph("ROC of each finding; the band is the 95 % interval of 200 draws of patients.");
    page.drawing(Charts.calibration(truths, probabilities));
    page.paragraph(
        String.format(
            Locale.ROOT,
            "Calibration over all findings in tenths of the predictions, with 95 %% intervals (Wilson);"
                + " expected calibration error %.3f. Zero-shot probabilities compare two prompts and"
                + " are not calibrated by anything.",
            Charts.calibrationError(truths, probabilities)));
  }

  private static Charts.Whisker whisker(String name, Evaluation.Estimate e) {
    return new Charts.Whisker(name.replace('_', ' '), e.value(), e.lower(), e.upper());
  }

  private boolean[] truth(String finding) {
    boolean[] truth = new boolean[test.size()];
    for (int i = 0; i < truth.length; i++) {
      truth[i] = test.get(i).labels().getOrDefault(finding, false);
    }
    return truth;
  }

  /** Rows from the one whose findings the model gives the most likelihood to the one with least. */
  private List<Integer> byLikelihood() {
    double[] sums = new double[test.size()];
    evaluation
        .predictions()
        .forEach(
            (finding, p) -> {
              boolean[] truth = truth(finding);
              for (int i = 0; i < sums.length; i++) {
                sums[i] += Math.log(Math.max(1e-6, truth[i] ? p[i] : 1 - p[i]));
              }
            });
    return IntStream.range(0, sums.length)
        .boxed()
        .sorted(Comparator.comparingDouble((Integer i) -> -sums[i]))
        .toList();
  }

  private void relevance(HtmlPage page, int index) throws IOException {
    page.heading("Where sentences look");
    page.paragraph(
        "Weights with which the tokens of the best case gather around each sentence of its report"
            + " (docs/relevance.md says how well that points).");
    View view = trained.view(test.get(index).volume());
    List<Relevance> all =
        trained
            .model()
            .relevance(
                view.crop(),
                Sentences.of(test.get(index).report()).stream().limit(SENTENCES).toList(),
                trained.gatherTemperature());
    IntensityWindow grey = IntensityWindow.ofPercentiles(view.crop());
    for (Relevance one : all) {
      TokenHeat heat = TokenHeat.of(view.crop(), one.grid(), one.weights());
      page.picture(
          String.format(
              Locale.ROOT, "“%s”: weights %.4f to %.4f", one.text(), heat.low(), heat.high()),
          SliceImages.of(view.crop(), grey)
              .caption("the volume as the encoder sees it")
              .heat(heat.scaled(), "weight")
              .png());
    }
  }

  private void failures(HtmlPage page, Evaluation.Classified zeroShot) {
    page.heading("Failures");
    List<String> lines = new ArrayList<>();
    if (curves.skipped() > 0) {
      lines.add(
          curves.skipped() + " training steps were skipped: loss or gradient was not finite.");
    }
    zeroShot
        .labels()
        .forEach(
            (name, l) -> {
              if (l.positives() == 0 || l.negatives() == 0) {
                lines.add(name + " has one class only among the test volumes: no AUROC.");
              }
            });
    page.paragraph(
        lines.isEmpty()
            ? "None: every volume was read, every step was taken, every finding has both classes."
            : String.join(" ", lines));
  }

  private static String versions() {
    return Provenance.findVersions().entrySet().stream()
        .map(e -> e.getKey() + " " + e.getValue())
        .collect(Collectors.joining(", "));
  }

  private static List<String> label(String name, Map<String, Evaluation.Estimate> metrics) {
    List<String> row = new ArrayList<>(List.of(name.replace('_', ' ')));
    for (String metric : List.of("auroc", "averagePrecision", "f1", "precision", "recall")) {
      row.add(Optional.ofNullable(metrics.get(metric)).map(ResultsPage::estimate).orElse("–"));
    }
    return row;
  }

  private static String estimate(Evaluation.Estimate e) {
    return e.lower().isEmpty()
        ? number(e.value())
        : number(e.value())
            + " ("
            + number(e.lower().get())
            + "–"
            + number(e.upper().orElseThrow())
            + ")";
  }

  private void retrieval(HtmlPage page) {
    Evaluation.Retrieved r = found.retrieval().orElseThrow();
    page.heading("Retrieval among " + r.gallery() + " pairs");
    page.paragraph(
        score(r.score(), r.scoreReason(), r.sentenceWeight())
            + " R@5 here by each score, both ways: "
            + r.scores().entrySet().stream()
                .map(
                    e ->
                        e.getKey()
                            + " "
                            + number(e.getValue().imageToText())
                            + " / "
                            + number(e.getValue().textToImage()))
                .collect(Collectors.joining(", "))
            + ".");
    page.table(
        List.of("", "R@1", "R@5", "R@10", "R@50", "median rank"),
        List.of(
            row("image → report", r.imageToText()),
            row("report → image", r.textToImage()),
            List.of(
                "chance",
                number(r.chanceR10() / 10),
                number(r.chanceR10() / 2),
                number(r.chanceR10()),
                number(Math.min(1, 50.0 / r.gallery())),
                number((r.gallery() + 1) / 2.0))));
  }

  /** Says what texts and volumes were compared by; {@code global} sees the volume as a whole. */
  private static String score(String score, String reason, Optional<Double> weight) {
    return "Score: "
        + score
        + weight.map(w -> " with weight " + w + " of the sentences").orElse("")
        + ", "
        + reason
        + ". Global compares the whole volume, pooled the tokens gathered around a text, sum both.";
  }

  private static List<String> row(String name, Evaluation.Recall r) {
    return List.of(
        name,
        interval(r, "r1", r.r1()),
        interval(r, "r5", r.r5()),
        interval(r, "r10", r.r10()),
        interval(r, "r50", r.r50()),
        interval(r, "medianRank", r.medianRank()));
  }

  private static String interval(Evaluation.Recall r, String name, double value) {
    return Optional.ofNullable(r.intervals().get(name))
        .map(i -> number(value) + " (" + number(i.lower()) + "–" + number(i.upper()) + ")")
        .orElse(number(value));
  }

  private void example(HtmlPage page, String which, int index) throws IOException {
    ManifestRow row = test.get(index);
    Reorient upright = new Reorient("RAS");
    Volume volume = upright.apply(row.readVolume());
    SliceImages picture = SliceImages.of(volume, IntensityWindow.chest());
    if (row.mask().isPresent()) {
      picture.mask(findings(upright.apply(VolumeReaders.read(row.mask().get()))), FINDINGS);
    }
    page.picture(which + ": " + row.volume().getFileName(), picture.png());
    page.table(
        List.of("finding", "truth", "probability"),
        evaluation.predictions().entrySet().stream()
            .map(
                e ->
                    List.of(
                        e.getKey().replace('_', ' '),
                        truth(e.getKey())[index] ? "present" : "absent",
                        number(e.getValue()[index])))
            .toList());
    List<List<String>> lines = new ArrayList<>();
    lines.add(List.of("its report", row.report()));
    int rank = 1;
    for (int other : evaluation.nearestReports(index, 3)) {
      lines.add(
          List.of(
              "retrieved " + rank++ + (other == index ? " (its own)" : ""),
              test.get(other).report()));
    }
    page.table(List.of("", "report"), lines);
  }

  /**
   * Of a phantom's mask the findings alone, as labels 1, 2, …: outlines of all organs hide them.
   */
  static Volume findings(Volume mask) {
    float[] labels = new float[mask.voxels().length];
    int before = Structure.NODULE.value() - 1;
    for (int i = 0; i < labels.length; i++) {
      labels[i] = Math.max(0, mask.voxels()[i] - before);
    }
    return mask.withVoxels(labels);
  }

  private static String number(double v) {
    return String.format(Locale.ROOT, "%.3f", v);
  }
}
