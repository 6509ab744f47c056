package io.t3d.cli.page;

import static org.assertj.core.api.Assertions.assertThat;

import io.t3d.cli.page.part.Made;
import io.t3d.data.manifest.Manifest;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.phantom.generate.PhantomDataset;
import io.t3d.data.phantom.generate.PhantomPrompts;
import io.t3d.pipeline.PretrainConfig;
import io.t3d.pipeline.PretrainRun;
import io.t3d.pipeline.TrainedModel;
import io.t3d.pipeline.evaluate.Evaluation;
import io.t3d.pipeline.evaluate.EvaluationRun;
import io.t3d.pipeline.evaluate.EvaluationSettings;
import io.t3d.pipeline.evaluate.EvaluationTexts;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EvaluationPageTest {
  @TempDir Path dir;

  @Test
  void withoutARowWhoseFindingsAreKnownThereAreNoCases() throws IOException {
    List<ManifestRow> rows = Manifest.read(PhantomDataset.write(dir.resolve("ct"), 16, 5)).rows();
    Path out = dir.resolve("run");
    new PretrainRun(PretrainConfig.tiny(), rows, out).saveUntrained();
    try (TrainedModel trained = TrainedModel.open(out);
        EvaluationRun run =
            new EvaluationRun(
                trained,
                List.of(),
                rows,
                new EvaluationTexts(PhantomPrompts.all(), false),
                EvaluationSettings.defaults(),
                done -> {})) {
      Evaluation found =
          new Evaluation(
              Optional.empty(),
              Optional.of(run.zeroShot()),
              Optional.empty(),
              List.of(),
              List.of());
      EvaluationPage known = new EvaluationPage("all", rows);
      known.look(run, trained, false);
      assertThat(known.model(found, out, Made.by("", "")).cases()).hasSize(3);

      EvaluationPage unknown = new EvaluationPage("all", unlabelled(rows));
      unknown.look(run, trained, false);
      EvaluationPage.Model page = unknown.model(found, out, Made.by("", ""));
      assertThat(page.cases()).isEmpty();
      assertThat(page.failures())
          .contains("No finding of any volume is known: there is no best, median or worst case.");
    }
  }

  private static List<ManifestRow> unlabelled(List<ManifestRow> rows) {
    return rows.stream()
        .map(
            row ->
                new ManifestRow(
                    row.row(),
                    row.volume(),
                    row.report(),
                    row.split(),
                    row.patient(),
                    Map.of(),
                    row.mask(),
                    row.calibration(),
                    row.origin()))
        .toList();
  }
}
