package io.t3d.core.train.validate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class ValidationConfigTest {
  /** The steps of four epochs of three steps that a validation follows. */
  private static List<Integer> due(ValidationConfig config) {
    return IntStream.rangeClosed(1, 12).filter(s -> config.isDue(s, 3, 12)).boxed().toList();
  }

  @Test
  void validationsFollowEpochsOrStepsAndAlwaysTheLastStep() {
    assertThat(due(ValidationConfig.defaults())).containsExactly(3, 6, 9, 12);
    assertThat(due(new ValidationConfig(0, 3))).containsExactly(9, 12);
    assertThat(due(new ValidationConfig(5, 1))).containsExactly(5, 10, 12);
  }

  @Test
  void settingsOutOfRangeAreNamed() {
    assertThatThrownBy(() -> new ValidationConfig(-1, 1))
        .hasMessageContaining("ValidationConfig.everySteps must be in [0");
    assertThatThrownBy(() -> new ValidationConfig(0, 0))
        .hasMessageContaining("ValidationConfig.everyEpochs must be > 0, got 0");
  }
}
