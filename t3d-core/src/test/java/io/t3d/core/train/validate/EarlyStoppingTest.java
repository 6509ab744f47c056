package io.t3d.core.train.validate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class EarlyStoppingTest {
  private static Optional<BestScore> bestOf(EarlyStopping stopping, List<Double> scores) {
    Optional<BestScore> best = Optional.empty();
    for (int i = 0; i < scores.size(); i++) {
      best = stopping.after(best, scores.get(i), i + 1);
    }
    return best;
  }

  @Test
  void aLowerLossAndAHigherRecallAreBetter() {
    List<Double> scores = List.of(0.5, 0.2, 0.4, 0.3);
    assertThat(bestOf(new EarlyStopping("loss", 5, 0), scores))
        .contains(new BestScore("loss", 0.2, 2, 2));
    assertThat(bestOf(new EarlyStopping("loss.tma", 5, 0), scores))
        .contains(new BestScore("loss.tma", 0.2, 2, 2));
    assertThat(bestOf(new EarlyStopping("r5", 5, 0), scores))
        .contains(new BestScore("r5", 0.5, 1, 3));
  }

  @Test
  void onlyMoreThanTheLeastDifferenceCounts() {
    EarlyStopping stopping = new EarlyStopping("r5", 2, 0.25);
    assertThat(bestOf(stopping, List.of(0.5, 0.75))).contains(new BestScore("r5", 0.5, 1, 1));
    assertThat(bestOf(stopping, List.of(0.5, 0.625, 0.8))).contains(new BestScore("r5", 0.8, 3, 0));
  }

  @Test
  void trainingEndsAfterSoManyValidationsThatAreNoBetter() {
    EarlyStopping stopping = new EarlyStopping("loss", 2, 0);
    assertThat(stopping.ends(bestOf(stopping, List.of()))).isFalse();
    assertThat(stopping.ends(bestOf(stopping, List.of(1.0, 2.0)))).isFalse();
    assertThat(stopping.ends(bestOf(stopping, List.of(1.0, 2.0, 1.0)))).isTrue();
    assertThat(stopping.ends(bestOf(stopping, List.of(1.0, 2.0, 0.5)))).isFalse();
  }

  @Test
  void aScoreThatIsNotFiniteIsNeverBetter() {
    EarlyStopping stopping = new EarlyStopping("loss", 2, 0);
    assertThat(bestOf(stopping, List.of(Double.NaN))).isEmpty();
    assertThat(bestOf(stopping, List.of(1.0, Double.NaN, Double.NEGATIVE_INFINITY)))
        .contains(new BestScore("loss", 1.0, 1, 2));
  }

  @Test
  void theBestOfAnotherMetricDoesNotCount() {
    Optional<BestScore> recall = Optional.of(new BestScore("r5", 0.9, 4, 9));
    EarlyStopping stopping = new EarlyStopping("loss", 2, 0);
    assertThat(stopping.ends(recall)).isFalse();
    assertThat(stopping.after(recall, 3, 5)).contains(new BestScore("loss", 3, 5, 0));
  }

  @Test
  void settingsOutOfRangeAreNamed() {
    assertThatThrownBy(() -> new EarlyStopping(" ", 1, 0))
        .hasMessageContaining("EarlyStopping.metric must not be blank");
    assertThatThrownBy(() -> new EarlyStopping("loss", 0, 0))
        .hasMessageContaining("EarlyStopping.patience must be > 0, got 0");
    assertThatThrownBy(() -> new EarlyStopping("loss", 1, -1))
        .hasMessageContaining("EarlyStopping.minDelta must be in [0");
  }
}
