package io.t3d.bench.report;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class BudgetTest {
  private long nanos = 5;

  @Test
  void whatDoesNotFitIsLeftOutAndSaid() {
    Budget budget = new Budget(60, () -> nanos);
    assertThat(budget.allows("steps", 45)).isTrue();
    nanos += 40_000_000_000L;
    assertThat(budget.spent()).isEqualTo(40);
    assertThat(budget.allows("quickstart", 21)).isFalse();
    assertThat(budget.allows("tests", 20)).isTrue();
    budget.leaveOut("PyTorch", "python3 has no torch");
    assertThat(budget.leftOut())
        .containsExactly(
            "quickstart: needs some 21 s, 20 s were left", "PyTorch: python3 has no torch");
    nanos += 40_000_000_000L;
    assertThat(budget.left()).isZero();
  }
}
