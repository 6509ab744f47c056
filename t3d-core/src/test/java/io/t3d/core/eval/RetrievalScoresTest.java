package io.t3d.core.eval;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class RetrievalScoresTest {
  @Test
  void ranksBecomeRecallsAndAMedian() {
    assertThat(RetrievalScores.ofRanks(new int[] {1, 12, 5, 6}))
        .isEqualTo(new RetrievalScores(4, 0.25, 0.5, 0.75, 1, 5.5));
    assertThat(RetrievalScores.ofRanks(new int[] {9, 1, 3}).medianRank()).isEqualTo(3);
    assertThat(RetrievalScores.recallAt(3, new int[] {9, 1, 3})).isEqualTo(2 / 3.0);
  }

  @Test
  void wrongInputsAreNamed() {
    assertThatThrownBy(() -> RetrievalScores.ofRanks(new int[0]))
        .hasMessage("Retrieval needs at least one query, got none");
    assertThatThrownBy(() -> RetrievalScores.ofRanks(new int[] {1, 0}))
        .hasMessage("Ranks start at 1, got 0");
    assertThatThrownBy(() -> RetrievalScores.recallAt(0, new int[] {1}))
        .hasMessage("k must be > 0, got 0");
  }
}
