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
  void tasksAreAlikeToABatchAndOnlyTheLastHasAShortOne() {
    assertThat(Slices.sizes(2_000, 256, 8)).containsExactly(256, 256, 248, 248, 248, 248, 248, 248);
    assertThat(Slices.sizes(27, 16, 8)).containsExactly(16, 11);
    assertThat(Slices.sizes(3, 8, 8)).containsExactly(3);
    assertThat(Slices.sizes(10, 4, 1)).containsExactly(4, 3, 3);
    assertThat(Slices.sizes(0, 8, 8)).isEmpty();
  }

  @Test
  void aNumberThatIsGivenIsRoundedUpToBatches() {
    assertThat(Slices.size("20", 2_000, 2, 8)).isEqualTo(24);
    assertThat(Slices.size("1", 2_000, 2, 1)).isEqualTo(1);
  }
}
