package io.t3d.spark;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class SlicesTest {
  @Test
  void tasksAreWholeBatchesFourForEachCoreAndAtMost256() {
    assertThat(Slices.size("", 27, 2, 8)).isEqualTo(8);
    assertThat(Slices.size("", 2_000, 2, 8)).isEqualTo(256);
    assertThat(Slices.size("", 2_000, 16, 8)).isEqualTo(32);
    assertThat(Slices.size("", 1_000_000, 16, 1)).isEqualTo(256);
    assertThat(Slices.size("", 0, 16, 8)).isEqualTo(8);
  }

  @Test
  void aNumberThatIsGivenIsRoundedUpToBatches() {
    assertThat(Slices.size("20", 2_000, 2, 8)).isEqualTo(24);
    assertThat(Slices.size("1", 2_000, 2, 1)).isEqualTo(1);
  }
}
