package io.t3d.cli.page;

import static org.assertj.core.api.Assertions.assertThat;

import io.t3d.cli.page.part.Table;
import io.t3d.data.manifest.Calibration;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.manifest.Origin;
import io.t3d.data.manifest.Split;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class EvaluationPartsTest {
  @Test
  void aSplitWithoutPairsHasNoPrevalence() {
    Map<String, List<ManifestRow>> splits = new LinkedHashMap<>();
    splits.put("train", List.of(row("a", Map.of("pleural_effusion", true))));
    splits.put("validation", List.of());
    Table table = EvaluationParts.dataset(splits, List.of("pleural_effusion"));
    assertThat(table.header()).containsExactly("split", "volumes", "patients", "pleural effusion");
    assertThat(table.rows())
        .containsExactly(
            List.of("train", "1", "1", "1 (100 %)"), List.of("validation", "0", "0", "–"));
  }

  @Test
  void prevalenceIsThatOfVolumesWhoseLabelIsKnown() {
    Table table =
        EvaluationParts.dataset(
            Map.of(
                "test",
                List.of(
                    row("a", Map.of("nodule", true)),
                    row("a", Map.of("nodule", false)),
                    row("b", Map.of("nodule", false)),
                    row("b", Map.of("nodule", false)),
                    row("c", Map.of()))),
            List.of("nodule", "mass"));
    assertThat(table.rows()).containsExactly(List.of("test", "5", "3", "1 of 4 (25 %)", "–"));
  }

  private static ManifestRow row(String patient, Map<String, Boolean> labels) {
    return new ManifestRow(
        1,
        Path.of("v.nii"),
        "",
        Split.TEST,
        patient,
        labels,
        Optional.empty(),
        Calibration.none(),
        Origin.unknown());
  }
}
