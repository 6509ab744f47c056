package io.t3d.core.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.junit.jupiter.api.Test;

class ClassificationReportTest {
  private static final List<String> LABELS = List.of("nodule", "effusion", "mass");
  private static final double UNKNOWN = Double.NaN;

  @Test
  void macroIsTheMeanOverLabelsThatAreDefinedAndTheRestIsNamed() {
    double[][] targets = {{1, 1, 0}, {0, 0, 0}, {1, 0, 0}, {0, 1, 0}};
    double[][] scores = {{0.9, 0.9, 0.1}, {0.1, 0.8, 0.2}, {0.8, 0.7, 0.3}, {0.2, 0.6, 0.4}};
    ClassificationReport report = ClassificationReport.of(LABELS, targets, scores, 0.5);
    assertThat(report.perLabel().get("nodule").auroc()).hasValue(1);
    assertThat(report.perLabel().get("effusion").auroc()).hasValue(0.5);
    assertThat(report.perLabel().get("mass").auroc()).isEmpty();
    assertThat(report.macroAuroc()).hasValue(0.75);
    assertThat(report.undefined()).containsExactly("mass");
    assertThat(report.macro(Metric.ACCURACY)).hasValue((1 + 0.5 + 1) / 3);
    assertThat(report.perLabel().keySet()).containsExactlyElementsOf(LABELS);
  }

  @Test
  void samplesOfUnknownTargetAreLeftOutForThatLabel() {
    double[][] targets = {{1, UNKNOWN, 0}, {0, 1, UNKNOWN}, {UNKNOWN, 0, 1}};
    double[][] scores = {{0.9, 0.0, 0.1}, {0.1, 0.8, 0.9}, {1.0, 0.7, 0.3}};
    ClassificationReport report = ClassificationReport.of(LABELS, targets, scores, 0.5);
    assertThat(report.macroAuroc()).hasValue(1);
    assertThat(report.perLabel().get("nodule").positives()).isEqualTo(1);
    assertThat(report.perLabel().get("nodule").negatives()).isEqualTo(1);
  }

  @Test
  void withoutAnyDefinedLabelTheMacroIsEmpty() {
    double[][] one = {{1, 1, 1}};
    assertThat(ClassificationReport.of(LABELS, one, one, 0.5).macroAuroc()).isEmpty();
  }

  @Test
  void wrongInputsAreNamed() {
    double[][] row = {{1, 0, 0}};
    assertThatThrownBy(() -> ClassificationReport.of(LABELS, row, new double[2][3], 0.5))
        .hasMessage("targets and scores must have one row per sample, got 1 and 2");
    assertThatThrownBy(() -> ClassificationReport.of(LABELS, row, new double[1][2], 0.5))
        .hasMessage(
            "Every row must have one value per label (3), got 3 targets and 2 scores at sample 0");
    assertThatThrownBy(() -> ClassificationReport.of(LABELS, new double[][] {{1, -1, 0}}, row, 0.5))
        .hasMessage("Targets must be 0, 1 or NaN (not known), got -1.0 for effusion at sample 0");
    assertThatThrownBy(() -> ClassificationReport.of(List.of("a", "b", "a"), row, row, 0.5))
        .hasMessage("Labels must have different names, got [a, b, a]");
  }
}
