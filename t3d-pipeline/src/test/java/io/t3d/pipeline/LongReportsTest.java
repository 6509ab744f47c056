package io.t3d.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDManager;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.config.TextConfig;
import io.t3d.core.config.TextConfig.LongReports;
import io.t3d.core.text.TokenBatch;
import io.t3d.data.load.ReportSampling;
import io.t3d.data.manifest.Manifest;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.phantom.generate.PhantomDataset;
import io.t3d.pipeline.evaluate.EvaluationRun;
import io.t3d.pipeline.evaluate.EvaluationSettings;
import io.t3d.pipeline.evaluate.EvaluationTexts;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Windows of long reports from training to evaluation. */
class LongReportsTest {
  private static List<ManifestRow> rows;
  private static Path run;
  private static String log;

  @BeforeAll
  static void train(@TempDir Path dir) throws IOException {
    Path data = dir.resolve("phantoms");
    PhantomDataset.write(data, 8, 5);
    Path manifest = data.resolve("manifest.csv");
    rows = Manifest.read(manifest).rows();
    run = dir.resolve("run");
    PretrainConfig tiny = PretrainConfig.tiny().with(1, 3);
    DataConfig d = tiny.data();
    TextConfig text = tiny.model().text().bert("test");
    T3DConfig model =
        tiny.model()
            .withText(
                text.toBuilder().maxLength(12).longReports(LongReports.SENTENCE_WINDOWS).build());
    PretrainConfig config =
        new PretrainConfig(
            model,
            new DataConfig(d.preprocessing(), d.views(), ReportSampling.none(), 2, 1, 64),
            tiny.objective(),
            tiny.training());
    PrintStream before = System.err;
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    System.setErr(new PrintStream(bytes, true, StandardCharsets.UTF_8));
    try {
      T3D.pretrain(config, manifest, run);
    } finally {
      System.setErr(before);
    }
    log = bytes.toString(StandardCharsets.UTF_8);
  }

  @Test
  void trainingSaysHowManyReportsAreReadInWindows() {
    assertThat(log)
        .containsPattern(
            "\\d of \\d texts have more than 12 tokens \\(model\\.text\\.maxLength\\) and are read in"
                + " windows of whole sentences \\(model\\.text\\.longReports: SENTENCE_WINDOWS\\)");
  }

  @Test
  void aTrainedModelEmbedsAndEvaluatesLongReports() throws IOException {
    List<String> reports = rows.stream().map(ManifestRow::report).toList();
    try (TrainedModel trained = TrainedModel.open(run, TestDevice.get());
        NDManager scope = trained.model().manager().newSubManager()) {
      TokenBatch tokens = trained.model().tokenize(scope, reports);
      assertThat(tokens.hasWindows()).isTrue();
      assertThat(tokens.size()).isEqualTo(reports.size());
      float[][] together = trained.embedReports(reports);
      for (int i = 0; i < reports.size(); i++) {
        float[] alone = trained.embedReports(reports.subList(i, i + 1))[0];
        for (int e = 0; e < alone.length; e++) {
          assertThat(together[i][e]).isCloseTo(alone[e], within(1e-5f));
        }
      }
      try (EvaluationRun evaluation =
          new EvaluationRun(
              trained,
              List.of(),
              rows,
              new EvaluationTexts(List.of(), true),
              EvaluationSettings.defaults(),
              done -> {})) {
        assertThat(evaluation.retrieval().gallery()).isEqualTo(rows.size());
      }
    }
  }
}
