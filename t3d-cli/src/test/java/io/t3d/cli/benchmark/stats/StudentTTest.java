package io.t3d.cli.benchmark.stats;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import org.junit.jupiter.api.Test;

class StudentTTest {
  @Test
  void quantilesAreThoseOfTheTable() {
    double[] table = {12.7062, 4.3027, 3.1824, 2.7764, 2.5706, 2.4469, 2.3646, 2.3060, 2.2622};
    for (int df = 1; df <= table.length; df++) {
      assertThat(StudentT.quantile(0.05, df)).as("df " + df).isCloseTo(table[df - 1], within(1e-4));
    }
    assertThat(StudentT.quantile(0.05, 29)).isCloseTo(2.0452, within(1e-4));
    assertThat(StudentT.quantile(0.05, 1e6)).isCloseTo(1.95997, within(1e-4));
    assertThat(StudentT.quantile(0.01, 9)).isCloseTo(3.2498, within(1e-4));
  }

  @Test
  void probabilitiesHaveTheirClosedForms() {
    for (double t : new double[] {0, 0.3, 1, 2.5, 40}) {
      // Cauchy, and the closed form for two degrees of freedom.
      assertThat(StudentT.twoSided(t, 1)).isCloseTo(1 - 2 * Math.atan(t) / Math.PI, within(1e-10));
      assertThat(StudentT.twoSided(t, 2)).isCloseTo(1 - t / Math.sqrt(2 + t * t), within(1e-10));
      assertThat(StudentT.twoSided(-t, 2)).isEqualTo(StudentT.twoSided(t, 2));
    }
    assertThat(StudentT.twoSided(Double.POSITIVE_INFINITY, 3)).isZero();
  }

  @Test
  void aPairedTestByHand() {
    // Mean 2, deviation 1, n = 3: t = 2√3, half width 4.3027 / √3.
    Estimate e = Estimate.of(List.of(1.0, 2.0, 3.0));
    assertThat(e.mean()).isEqualTo(2);
    assertThat(e.halfWidth()).isCloseTo(2.48414, within(1e-4));
    double t = 2 * Math.sqrt(3);
    assertThat(e.p()).isCloseTo(1 - t / Math.sqrt(2 + t * t), within(1e-10));
    assertThat(e.replicates()).isEqualTo(3);
    assertThat(e.low()).isCloseTo(-0.48414, within(1e-4));
  }

  @Test
  void placesFollowTheWidthOfTheInterval() {
    assertThat(new Estimate(0.71234, 0.0234, 0.01, 10).text()).isEqualTo("0.71 ± 0.02");
    assertThat(new Estimate(0.71234, 0.0044, 0.01, 10).text()).isEqualTo("0.712 ± 0.004");
    assertThat(new Estimate(-0.0123, 0.0234, 0.2, 10).signed()).isEqualTo("−0.01 ± 0.02");
    assertThat(new Estimate(0.0123, 0.0034, 0.2, 10).signed()).isEqualTo("+0.012 ± 0.003");
    assertThat(Estimate.of(List.of(0.5)).text()).isEqualTo("0.50");
    assertThat(Estimate.of(List.of(0.5, 0.5)).p()).isZero();
    assertThat(Estimate.of(List.of(0.0, 0.0)).p()).isEqualTo(1);
  }
}
