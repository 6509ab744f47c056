package io.t3d.cli.benchmark.stats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class ClaimTest {
  @Test
  void holmMultipliesBySizeOfWhatIsLeftAndNeverFalls() {
    assertThat(Holm.adjust(List.of(0.01, 0.04, 0.03)))
        .containsExactly(new double[] {0.03, 0.06, 0.06}, within(1e-12));
    assertThat(Holm.adjust(List.of(0.9, 0.5))).containsExactly(1, 1);
    assertThat(Holm.adjust(List.of(Double.NaN, 0.02))).containsExactly(1, 0.04);
  }

  @Test
  void superiorityIsSupportedContradictedOrNotShown() {
    List<Claim> claims =
        Claim.superiority(
            List.of("a", "b", "c"),
            List.of("x", "y", "z"),
            List.of(
                Optional.of(new Estimate(0.05, 0.02, 0.001, 10)),
                Optional.of(new Estimate(-0.05, 0.02, 0.002, 10)),
                Optional.of(new Estimate(0.05, 0.06, 0.06, 10))),
            10);
    assertThat(claims)
        .extracting(Claim::verdict)
        .containsExactly("supported", "contradicted", "not shown");
    assertThat(claims.get(1).adjusted()).isCloseTo(0.004, within(1e-12));
    assertThat(claims.get(0).row()).containsExactly("a", "+0.05 ± 0.02", "0.003", "supported");
  }

  @Test
  void missingReplicatesLeaveAClaimOpen() {
    List<Claim> claims =
        Claim.superiority(
            List.of("a", "b"),
            List.of("x", "y"),
            List.of(Optional.of(new Estimate(0.05, 0.02, 0.001, 4)), Optional.empty()),
            10);
    assertThat(claims)
        .extracting(Claim::verdict)
        .containsExactly("open: 4 of 10 replicates", "open: 0 of 10 replicates");
    assertThat(claims.get(1).row()).contains("–");
  }

  @Test
  void nonInferiorityLooksAtTheEndsOfTheInterval() {
    assertThat(verdict(-0.005, 0.01)).isEqualTo("supported");
    assertThat(verdict(-0.015, 0.01)).isEqualTo("not shown");
    assertThat(verdict(-0.05, 0.01)).isEqualTo("contradicted");
  }

  private static String verdict(double mean, double half) {
    return Claim.noninferiority("r", "x", Optional.of(new Estimate(mean, half, 0.5, 10)), 0.02, 10)
        .verdict();
  }
}
