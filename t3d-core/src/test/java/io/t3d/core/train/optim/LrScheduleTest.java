package io.t3d.core.train.optim;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import org.junit.jupiter.api.Test;

class LrScheduleTest {
  private static final LrSchedule SCHEDULE = new LrSchedule(1.0, 0.1, 4, 14);

  @Test
  void itWarmsUpLinearlyAndFallsAsACosine() {
    assertThat(SCHEDULE.at(0)).isEqualTo(0.25);
    assertThat(SCHEDULE.at(3)).isEqualTo(1.0);
    assertThat(SCHEDULE.at(4)).isEqualTo(1.0);
    assertThat(SCHEDULE.at(9)).isCloseTo(0.55, within(1e-12));
    assertThat(SCHEDULE.at(6)).isCloseTo(0.1 + 0.45 * (1 + Math.cos(0.2 * Math.PI)), within(1e-12));
    assertThat(SCHEDULE.at(14)).isCloseTo(0.1, within(1e-12));
    assertThat(SCHEDULE.at(99)).isCloseTo(0.1, within(1e-12));
  }

  @Test
  void extremesOfTheWarmUpWork() {
    assertThat(new LrSchedule(1, 0, 0, 1).at(0)).isEqualTo(1.0);
    assertThat(new LrSchedule(1, 0, 2, 2).at(1)).isEqualTo(1.0);
    assertThatThrownBy(() -> new LrSchedule(1, 2, 0, 5)).hasMessageContaining("LrSchedule.floor");
    assertThatThrownBy(() -> new LrSchedule(1, 0, 6, 5)).hasMessageContaining("warmupSteps");
  }
}
