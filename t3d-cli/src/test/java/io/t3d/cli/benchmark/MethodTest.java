package io.t3d.cli.benchmark;

import static org.assertj.core.api.Assertions.assertThat;

import io.t3d.losses.ContrastiveConfig;
import io.t3d.losses.TmaConfig;
import io.t3d.losses.objective.ObjectiveConfig;
import java.util.Map;
import org.junit.jupiter.api.Test;

class MethodTest {
  private static final Map<Method, ObjectiveConfig> OF_DEFAULTS =
      Map.of(
          Method.T3D, ObjectiveConfig.t3d(),
          Method.CLIP, ObjectiveConfig.clip(),
          Method.T3D_WITHOUT_TEXT, ObjectiveConfig.withoutText(),
          Method.T3D_WITHOUT_VIEWS, ObjectiveConfig.withoutViews(),
          Method.SENTENCE_CLIP, ObjectiveConfig.sentenceClip(),
          Method.T3D_WHOLE_REPORT, ObjectiveConfig.wholeReport(),
          Method.SWAV_TMA, ObjectiveConfig.swavTma());

  @Test
  void ablationsOfTheDefaultsAreTheNamedObjectives() {
    OF_DEFAULTS.forEach(
        (method, objective) ->
            assertThat(method.objective(ObjectiveConfig.t3d(), 16))
                .as(method.title())
                .contains(objective));
  }

  @Test
  void ablationsKeepTheSuitesOtherSettings() {
    ContrastiveConfig smooth = new ContrastiveConfig(0.1, false);
    TmaConfig sharp = TmaConfig.builder().gatherTemperature(0.02).viewTemperature(0.3).build();
    ObjectiveConfig.T3d suite = new ObjectiveConfig.T3d(true, 0.5, smooth, sharp);
    for (Method method : OF_DEFAULTS.keySet()) {
      ObjectiveConfig objective = method.objective(suite, 16).orElseThrow();
      assertThat(objective.gatherTemperature()).as(method.title()).isEqualTo(0.02);
      if (objective instanceof ObjectiveConfig.Clip clip) {
        assertThat(method).isEqualTo(Method.CLIP);
        assertThat(clip.global()).isEqualTo(smooth);
        continue;
      }
      ObjectiveConfig.T3d own = (ObjectiveConfig.T3d) objective;
      assertThat(own.global()).as(method.title()).isEqualTo(smooth);
      assertThat(own.tma().viewTemperature()).as(method.title()).isEqualTo(0.3);
      if (method != Method.SWAV_TMA) {
        assertThat(own.lambda()).as(method.title()).isEqualTo(0.5);
      }
    }
  }
}
