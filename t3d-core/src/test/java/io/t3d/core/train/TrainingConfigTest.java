package io.t3d.core.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.core.config.Configs;
import io.t3d.core.config.LoraConfig;
import io.t3d.core.train.TrainingConfig.Precision;
import io.t3d.core.train.validate.EarlyStopping;
import io.t3d.core.train.validate.ValidationConfig;
import java.lang.reflect.RecordComponent;
import org.junit.jupiter.api.Test;

class TrainingConfigTest {
  private static final TrainingConfig OTHER =
      TrainingConfig.builder()
          .epochs(3)
          .accumulation(2)
          .learningRate(1e-2)
          .minLearningRate(1e-5)
          .warmupFraction(0.2)
          .weightDecay(0.1)
          .betas(0.8, 0.95)
          .epsilon(1e-8)
          .clipNorm(0)
          .precision(Precision.BFLOAT16)
          .seed(7)
          .checkpointEverySteps(5)
          .maxBadSteps(4)
          .microBatch(8)
          .checkpointActivations(true)
          .emaDecay(0.99)
          .textLayerDecay(0.8)
          .visionLayerDecay(0.9)
          .keepEveryEpochs(2)
          .tf32(false)
          .deterministic(true)
          .syncBatchNorm(true)
          .lora(LoraConfig.defaults())
          .frozen(TrainingConfig.Part.TEXT)
          .validation(new ValidationConfig(3, 1))
          .earlyStopping(new EarlyStopping("r5", 2, 0.1))
          .build();

  @Test
  void theBuilderSetsEveryComponent() throws ReflectiveOperationException {
    for (RecordComponent c : TrainingConfig.class.getRecordComponents()) {
      assertThat(c.getAccessor().invoke(OTHER))
          .as(c.getName())
          .isNotEqualTo(c.getAccessor().invoke(TrainingConfig.defaults()));
    }
  }

  @Test
  void aCopyKeepsEveryComponentButTheOneThatIsSet() {
    assertThat(OTHER.toBuilder().build()).isEqualTo(OTHER);
    assertThat(OTHER.withSeed(8)).isNotEqualTo(OTHER);
    assertThat(OTHER.withSeed(8).withSeed(7)).isEqualTo(OTHER);
  }

  @Test
  void validationIsLeftOutOfFilesThatDoNotAskForIt() {
    assertThat(Configs.toJson(TrainingConfig.defaults())).doesNotContain("validation", "early");
    assertThat(Configs.fromJson(Configs.toJson(OTHER), TrainingConfig.class)).isEqualTo(OTHER);
    TrainingConfig brief =
        Configs.fromYaml("validation: {}\nearlyStopping: {patience: 3}\n", TrainingConfig.class);
    assertThat(brief)
        .isEqualTo(
            TrainingConfig.builder()
                .validation(ValidationConfig.defaults())
                .earlyStopping(new EarlyStopping("loss", 3, 0))
                .build());
  }

  @Test
  void earlyStoppingNeedsValidation() {
    assertThatThrownBy(
            () -> TrainingConfig.builder().earlyStopping(EarlyStopping.defaults()).build())
        .hasMessageContaining("TrainingConfig.earlyStopping needs scores")
        .hasMessageContaining("set it, e.g. to {everyEpochs: 1}");
  }

  @Test
  void decaysOutOfRangeAreNamed() {
    assertThatThrownBy(() -> TrainingConfig.builder().emaDecay(1).build())
        .hasMessageContaining("TrainingConfig.emaDecay must be in [0.0, 0.99")
        .hasMessageContaining("got 1.0");
    assertThatThrownBy(() -> TrainingConfig.builder().textLayerDecay(0).build())
        .hasMessageContaining("TrainingConfig.textLayerDecay")
        .hasMessageContaining("got 0.0");
    assertThatThrownBy(() -> TrainingConfig.builder().visionLayerDecay(1.1).build())
        .hasMessageContaining("TrainingConfig.visionLayerDecay");
  }

  @Test
  void yamlWithoutTheSwitchesOfLibtorchLeavesThemAsPyTorchHasThem() {
    TrainingConfig old = Configs.fromYaml("epochs: 3", TrainingConfig.class);
    assertThat(old.tf32()).isTrue();
    assertThat(old.deterministic()).isFalse();
    TrainingConfig fresh =
        Configs.fromYaml("{epochs: 3, tf32: false, deterministic: true}", TrainingConfig.class);
    assertThat(fresh.tf32()).isFalse();
    assertThat(fresh.deterministic()).isTrue();
  }

  @Test
  void yamlWithoutTheSettingsOfCheckpointsKeepsTheNewestAfterEveryEpoch() {
    TrainingConfig old = Configs.fromYaml("epochs: 3", TrainingConfig.class);
    assertThat(old.keepEveryEpochs()).isZero();
    assertThat(old.checkpointEverySteps()).isZero();
    TrainingConfig fresh =
        Configs.fromYaml(
            "{epochs: 3, keepEveryEpochs: 2, checkpointEverySteps: -1}", TrainingConfig.class);
    assertThat(fresh.keepEveryEpochs()).isEqualTo(2);
    assertThat(fresh.checkpointEverySteps()).isEqualTo(TrainingConfig.AT_END_ONLY);
    assertThat(Configs.fromJson(Configs.toJson(fresh), TrainingConfig.class)).isEqualTo(fresh);
  }

  @Test
  void settingsOfCheckpointsOutOfRangeAreNamed() {
    assertThatThrownBy(() -> TrainingConfig.builder().checkpointEverySteps(-2).build())
        .hasMessageContaining("TrainingConfig.checkpointEverySteps")
        .hasMessageContaining("got -2");
    assertThatThrownBy(() -> TrainingConfig.builder().keepEveryEpochs(-1).build())
        .hasMessageContaining("TrainingConfig.keepEveryEpochs")
        .hasMessageContaining("got -1");
  }
}
