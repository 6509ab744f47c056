package io.t3d.core.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.core.train.TrainingConfig.Precision;
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
}
