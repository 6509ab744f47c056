package io.t3d.pipeline.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import io.t3d.core.T3dException;
import io.t3d.core.task.classify.FindingPrompts;
import io.t3d.data.manifest.Manifest;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.phantom.generate.PhantomDataset;
import io.t3d.pipeline.DataConfig;
import io.t3d.pipeline.PretrainConfig;
import io.t3d.pipeline.PretrainRun;
import io.t3d.pipeline.TrainedModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What counts as known, as one volume, and as another patient. The model has learnt nothing. */
class EvaluationRunTest {
  private static final EvaluationTexts RETRIEVAL = new EvaluationTexts(List.of(), true);

  @TempDir static Path dir;
  private static List<ManifestRow> rows;
  private static TrainedModel trained;

  @BeforeAll
  static void make() throws IOException {
    rows = Manifest.read(PhantomDataset.write(dir.resolve("ct"), 8, 5)).rows();
    Path model = dir.resolve("model");
    PretrainConfig tiny = PretrainConfig.tiny();
    DataConfig d = tiny.data();
    PretrainConfig config =
        new PretrainConfig(
            tiny.model(),
            new DataConfig(d.preprocessing(), d.views(), d.reports(), 2, 1, 64),
            tiny.objective(),
            tiny.training());
    new PretrainRun(config, rows, model).saveUntrained();
    trained = TrainedModel.open(model, Device.cpu());
  }

  @AfterAll
  static void close() {
    trained.close();
  }

  private static ManifestRow row(ManifestRow r, String report, Map<String, Boolean> labels) {
    return new ManifestRow(r.row(), r.volume(), report, r.split(), r.patient(), labels, r.mask());
  }

  private static EvaluationRun run(
      List<ManifestRow> validation, List<ManifestRow> test, EvaluationTexts texts)
      throws IOException {
    return new EvaluationRun(
        trained, validation, test, texts, EvaluationSettings.defaults(), n -> {});
  }

  @Test
  void aVolumeFindsEachOfItsReportsAndIsFoundByEach() throws IOException {
    ManifestRow first = rows.get(0);
    ManifestRow second = row(first, "Another reading of the same scan.", first.labels());
    try (EvaluationRun both = run(List.of(), List.of(first, second), RETRIEVAL)) {
      Evaluation.Retrieved found = both.retrieval();
      assertThat(found.imageToText().r1()).isEqualTo(1);
      assertThat(found.textToImage().r1()).isEqualTo(1);
    }
  }

  @Test
  void volumesOfWhichNoLabelIsKnownAreNotHealthyOnes() throws IOException {
    List<ManifestRow> labelled = rows.subList(0, 4);
    List<ManifestRow> all = new ArrayList<>(labelled);
    rows.subList(4, 8).forEach(r -> all.add(row(r, r.report(), Map.of())));
    try (EvaluationRun some = run(List.of(), labelled, RETRIEVAL);
        EvaluationRun more = run(List.of(), all, RETRIEVAL)) {
      Evaluation.Retrieved expected = some.retrieval();
      Evaluation.Retrieved found = more.retrieval();
      assertThat(found.gallery()).isEqualTo(8);
      assertThat(found.imageToText().byFindings()).isEqualTo(expected.imageToText().byFindings());
      assertThat(found.textToImage().byFindings()).isEqualTo(expected.textToImage().byFindings());
    }
  }

  @Test
  void thresholdsSayWhereNothingChoseThem() throws IOException {
    EvaluationTexts texts =
        new EvaluationTexts(
            List.of(FindingPrompts.of("nodule"), FindingPrompts.of("emphysema")), false);
    List<ManifestRow> test = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      ManifestRow r = rows.get(i);
      test.add(row(r, r.report(), Map.of("nodule", i % 2 == 0, "emphysema", i < 2)));
    }
    List<ManifestRow> unlabelled =
        rows.subList(4, 8).stream().map(r -> row(r, r.report(), Map.of())).toList();
    try (EvaluationRun run = run(unlabelled, test, texts)) {
      Evaluation.Classified found = run.zeroShot();
      assertThat(found.thresholds()).isEqualTo("0.5, no validation label has both classes");
      assertThat(found.labels().get("nodule").threshold()).isEqualTo(0.5);
    }
    List<ManifestRow> held = new ArrayList<>();
    for (int i = 4; i < 8; i++) {
      ManifestRow r = rows.get(i);
      held.add(row(r, r.report(), Map.of("nodule", i % 2 == 0, "emphysema", true)));
    }
    try (EvaluationRun run = run(held, test, texts)) {
      Evaluation.Classified found = run.zeroShot();
      assertThat(found.thresholds())
          .isEqualTo(
              "youden-j on 4 validation volumes; 0.5 for 1 label without both classes there");
      assertThat(found.labels().get("emphysema").threshold()).isEqualTo(0.5);
      assertThat(found.labels().get("nodule").threshold()).isBetween(0.0, 1.0);
    }
  }

  @Test
  void metricsAreThoseOfTheLogitsBehindTheProbabilities() throws IOException {
    List<ManifestRow> test = new ArrayList<>();
    for (int i = 0; i < rows.size(); i++) {
      test.add(row(rows.get(i), rows.get(i).report(), Map.of("nodule", i % 2 == 0)));
    }
    EvaluationTexts texts = new EvaluationTexts(List.of(FindingPrompts.of("nodule")), false);
    try (EvaluationRun run = run(List.of(), test, texts)) {
      assertThatThrownBy(run::logits).isInstanceOf(IllegalStateException.class);
      Evaluation.Classified found = run.zeroShot();
      double[] logits = run.logits().get("nodule");
      double[] probabilities = run.predictions().get("nodule");
      double right = 0;
      for (int i = 0; i < logits.length; i++) {
        assertThat(probabilities[i]).isEqualTo(1 / (1 + Math.exp(-logits[i])));
        for (int negative = 1; i % 2 == 0 && negative < logits.length; negative += 2) {
          double lead = logits[i] - logits[negative];
          right += lead > 0 ? 1 : lead == 0 ? 0.5 : 0;
        }
      }
      assertThat(found.labels().get("nodule").metrics().get("auroc").value()).isEqualTo(right / 16);
    }
  }

  @Test
  void aProbeIsNotMeasuredOnPatientsThatItWasTrainedOn() throws IOException {
    try (EvaluationRun run =
        run(List.of(), rows.subList(0, 4), new EvaluationTexts(List.of(), false))) {
      assertThatThrownBy(() -> run.linearProbe(rows.subList(3, 8), n -> {}))
          .isInstanceOf(T3dException.class)
          .hasMessageContaining("the same patient is in row 5, which is trained on");
    }
    FineTuneRun tuning =
        new FineTuneRun(trained.data(), rows.subList(3, 8), List.of(), rows.subList(0, 4));
    assertThatThrownBy(
            () ->
                tuning.run(
                    () -> {
                      throw new AssertionError("not to be trained");
                    },
                    EvaluationSettings.defaults(),
                    (fraction, step, steps, loss) -> {}))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("the same patient is in row 5, which is trained on");
  }
}
