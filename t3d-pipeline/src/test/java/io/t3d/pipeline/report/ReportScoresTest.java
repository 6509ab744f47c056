package io.t3d.pipeline.report;

import static org.assertj.core.api.Assertions.assertThat;

import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.manifest.Split;
import io.t3d.data.phantom.FindingKind;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ReportScoresTest {
  private static ManifestRow row(String... more) {
    Map<String, Boolean> labels = new LinkedHashMap<>();
    for (FindingKind kind : FindingKind.values()) {
      labels.put(kind.label(), false);
    }
    for (String label : more) {
      labels.put(label, true);
    }
    return new ManifestRow(
        2,
        Path.of("a.nii.gz"),
        "No effusion. A nodule.",
        Split.TEST,
        "p1",
        labels,
        Optional.empty());
  }

  @Test
  void theRulesForPhantomsReadNoReportsOfOtherSets() {
    List<String> written = List.of("A nodule.");
    assertThat(ReportScores.of(written, List.of(row())).clinical().orElseThrow().micro().f1())
        .isEqualTo(1);
    // A set that has the phantoms' findings among its own.
    assertThat(ReportScores.of(written, List.of(row("coronary_calcium"))).clinical()).isEmpty();
  }
}
