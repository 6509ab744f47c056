package io.t3d.bench;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class GuardedRatioTest {
  @Test
  void aRatioIsOneOfMediansSoThatOneSlowForkDoesNotCount() {
    Map<String, List<Double>> times =
        GuardedRatio.ALL.stream()
            .flatMap(r -> Stream.of(r.ours(), r.reference()))
            .distinct()
            .collect(
                Collectors.toMap(
                    name -> name,
                    name -> name.contains("ours") ? List.of(2.0, 90.0, 1.9) : List.of(4.0, 5.0)));
    assertThat(GuardedRatio.measured(times))
        .hasSize(GuardedRatio.ALL.size())
        .allSatisfy((name, ratio) -> assertThat(ratio).isEqualTo(2 / 4.5));
  }

  @Test
  void growthByMoreThan15PercentIsARegression() {
    Map<String, Double> baseline = Map.of("a", 0.5, "b", 1.0);
    assertThat(GuardedRatio.regressions(baseline, Map.of("a", 0.574, "b", 0.1))).isEmpty();
    assertThat(GuardedRatio.regressions(baseline, Map.of("a", 0.576, "b", 1.0)))
        .containsExactly(
            "a: the ratio of times must be at most 0.5750 (baseline 0.5000 + 15 %), got 0.5760");
  }

  @Test
  void aRatioThatIsNoNumberOrNotInTheBaselineIsOneToo() {
    assertThat(GuardedRatio.regressions(Map.of("a", 1.0), Map.of("a", Double.NaN))).hasSize(1);
    assertThat(GuardedRatio.regressions(Map.of(), Map.of("a", 1.0)))
        .containsExactly("a: not in the baseline; run t3d-bench/guard --update");
  }

  @Test
  void theSecondMeasurementCountsWhereItIsBetter() {
    assertThat(GuardedRatio.best(Map.of("a", 2.0, "b", 1.0), Map.of("a", 1.5, "b", 3.0)))
        .isEqualTo(Map.of("a", 1.5, "b", 1.0));
  }
}
