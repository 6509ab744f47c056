package io.t3d.core.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.t3d.core.eval.LabelAgreement.Scores;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class LabelAgreementTest {
  private static Map<String, Boolean> labels(boolean a, boolean b, boolean c) {
    return Map.of("a", a, "b", b, "c", c);
  }

  @Test
  void microCountsDecisionsAndMacroAveragesLabels() {
    // a: 1 true positive, 1 false positive, 1 missed; b: 2 true positives; c: never.
    LabelAgreement found =
        LabelAgreement.of(
            List.of(
                labels(true, true, false), labels(true, true, false), labels(false, false, false)),
            List.of(
                labels(true, true, false), labels(false, true, false), labels(true, false, false)));
    assertThat(found.perLabel().get("a")).isEqualTo(new Scores(0.5, 0.5, 0.5));
    assertThat(found.perLabel().get("b")).isEqualTo(new Scores(1, 1, 1));
    assertThat(found.perLabel().get("c")).isEqualTo(new Scores(0, 0, 0));
    assertThat(found.micro().precision()).isCloseTo(3 / 4.0, within(1e-12));
    assertThat(found.micro().recall()).isCloseTo(3 / 4.0, within(1e-12));
    assertThat(found.micro().f1()).isCloseTo(3 / 4.0, within(1e-12));
    assertThat(found.macro().f1()).isCloseTo(0.5, within(1e-12));
  }

  @Test
  void labelsMustAgree() {
    assertThatThrownBy(
            () -> LabelAgreement.of(List.of(Map.of("a", true)), List.of(Map.of("b", true))))
        .hasMessage("Every report must have the labels [b], got [a] at report 0");
    assertThatThrownBy(() -> LabelAgreement.of(List.of(), List.of()))
        .hasMessageContaining("at least one, got 0 and 0");
  }
}
