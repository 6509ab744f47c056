package io.t3d.core.torch.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.norm.Dropout;
import ai.djl.training.GradientCollector;
import io.t3d.core.TestDevice;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class ActivationCheckpointsTest {
  @Test
  void dropoutFallsAlikeBothTimesAndTheGradientReachesTheInput() {
    try (NDManager manager = TestDevice.manager()) {
      NDArray x = manager.ones(new Shape(1000));
      x.setRequiresGradient(true);
      List<Boolean> runs = new ArrayList<>();
      float[] values;
      try (GradientCollector collector = Engine.getInstance().newGradientCollector();
          ActivationCheckpoints checkpoints = ActivationCheckpoints.open(manager, 3)) {
        NDArray first = x.add(0);
        NDArray y =
            ActivationCheckpoints.stage(
                first,
                z -> {
                  runs.add(true);
                  return Dropout.dropout(z, 0.5f, true).singletonOrThrow();
                });
        values = y.toFloatArray();
        collector.backward(y.sum());
        checkpoints.backward();
      }
      assertThat(runs).hasSize(2);
      assertThat(values).contains(0f, 2f).containsOnly(0f, 2f);
      assertThat(x.getGradient().toFloatArray()).isEqualTo(values);
    }
  }

  @Test
  void stagesOneAfterTheOtherFollowTheChainRule() {
    try (NDManager manager = TestDevice.manager()) {
      NDArray x = manager.create(new float[] {3});
      x.setRequiresGradient(true);
      try (GradientCollector collector = Engine.getInstance().newGradientCollector();
          ActivationCheckpoints checkpoints = ActivationCheckpoints.open(manager, 3)) {
        NDArray y = ActivationCheckpoints.stage(x.add(0), NDArray::square);
        y = ActivationCheckpoints.stage(y, NDArray::square);
        collector.backward(y.sum());
        checkpoints.backward();
      }
      assertThat(x.getGradient().toFloatArray()).containsExactly(4f * 27); // d x⁴ = 4 x³
    }
  }

  @Test
  void whereNoneAreOpenAStageIsItsStep() {
    try (NDManager manager = TestDevice.manager()) {
      NDArray x = manager.ones(new Shape(2));
      NDArray y = ActivationCheckpoints.stage(x, z -> z.add(1));
      assertThat(y.toFloatArray()).containsExactly(2, 2);
      assertThatThrownBy(x::toFloatArray).isInstanceOf(IllegalStateException.class);
      assertThat(ActivationCheckpoints.keep(y)).isSameAs(y);
    }
  }

  @Test
  void oneMayBeOpen() {
    try (NDManager manager = TestDevice.manager();
        ActivationCheckpoints first = ActivationCheckpoints.open(manager, 1)) {
      assertThat(first).isNotNull();
      assertThatThrownBy(() -> ActivationCheckpoints.open(manager, 2))
          .isInstanceOf(IllegalStateException.class)
          .hasMessageContaining("close them");
    }
  }
}
