package io.t3d.cli.page;

import io.t3d.cli.picture.SliceImages;
import io.t3d.core.config.Configs;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.VolumeReaders;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.phantom.FindingKind;
import io.t3d.data.phantom.Structure;
import io.t3d.data.transform.IntensityWindow;
import io.t3d.data.transform.Reorient;
import io.t3d.pipeline.PretrainConfig;
import io.t3d.pipeline.evaluate.Evaluation;
import io.t3d.pipeline.evaluate.EvaluationRun;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** The quickstart's {@code report.html}. */
final class ResultsPage {
  private static final int EXAMPLES = 4;

  /** What a phantom's mask calls 1, 2, … from the first finding on. */
  private static final List<String> FINDINGS =
      Arrays.stream(FindingKind.values()).map(kind -> kind.label().replace('_', ' ')).toList();

  private final PretrainConfig config;
  private final Evaluation found;
  private final LossCurves curves;
  private final List<ManifestRow> test;
  private final EvaluationRun evaluation;

  ResultsPage(
      PretrainConfig config,
      Evaluation found,
      LossCurves curves,
      List<ManifestRow> test,
      EvaluationRun evaluation) {
    this.config = config;
    this.found = found;
    this.curves = curves;
    this.test = test;
    this.evaluation = evaluation;
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
    page.heading("Training");
    page.curves("steps", curves.of("loss", "global", "tma"));
    page.curves("steps", curves.of("tma_local", "tma_sentence", "tma_consistency", "tma_view"));
    page.heading(
        String.format(
            Locale.ROOT, "Zero-shot classification: macro AUROC %.3f", zeroShot.macroAuroc()));
    page.bars(zeroShot.perLabel(), 0.5);
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
    retrieval(page);
    page.heading("What the model says of unseen volumes");
    for (int i = 0; i < Math.min(EXAMPLES, test.size()); i++) {
      example(page, i);
    }
    page.heading("Settings").code(Configs.toYaml(config));
    page.write(file);
  }

  private static List<String> label(String name, Map<String, Evaluation.Estimate> metrics) {
    List<String> row = new ArrayList<>(List.of(name));
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
        number(r.r1()),
        number(r.r5()),
        number(r.r10()),
        number(r.r50()),
        number(r.medianRank()));
  }

  private void example(HtmlPage page, int index) throws IOException {
    ManifestRow row = test.get(index);
    Reorient upright = new Reorient("RAS");
    Volume volume = upright.apply(row.readVolume());
    SliceImages picture = SliceImages.of(volume, IntensityWindow.chest());
    if (row.mask().isPresent()) {
      picture.mask(findings(upright.apply(VolumeReaders.read(row.mask().get()))), FINDINGS);
    }
    page.picture(row.volume().getFileName() + ", axial, coronal and sagittal", picture.png());
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
  private static Volume findings(Volume mask) {
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
