package io.t3d.core.train.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Parameter;
import io.t3d.core.TestDevice;
import io.t3d.core.torch.internal.TensorLists;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class WeightAverageTest {
  private final NDManager manager = TestDevice.manager();
  private final Parameter moving = parameter("moving", 0.1f, -3f);
  private final Parameter frozen = parameter("frozen", 0.1f, 1e-20f);
  private final Map<String, Parameter> all = Map.of("moving", moving, "frozen", frozen);

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void theDecayGrowsToItsValue() {
    assertThat(WeightAverage.decay(0.999, 0)).isEqualTo(0.1);
    assertThat(WeightAverage.decay(0.999, 8)).isEqualTo(0.5);
    assertThat(WeightAverage.decay(0.999, 8990)).isEqualTo(0.999);
    assertThat(WeightAverage.decay(0.999, 1_000_000)).isEqualTo(0.999);
    assertThat(WeightAverage.decay(0.3, 8)).isEqualTo(0.3);
  }

  @Test
  void theAverageIsTheOneComputedByHandAndAFrozenParameterStaysBitForBit() {
    try (WeightAverage average = new WeightAverage(manager, all, 0.25)) {
      double expected = 0.1f;
      for (int n = 0; n < 5; n++) {
        float weight = n * n - 2;
        moving.getArray().set(new float[] {weight, -3});
        average.update(n);
        double d = Math.min(0.25, (1.0 + n) / (10.0 + n));
        expected = d * expected + (1 - d) * weight;
        assertThat((double) average.arrays().get("moving").getFloat(0))
            .as("after update " + n)
            .isCloseTo(expected, within(1e-5));
      }
      assertThat(average.arrays().get("moving").getFloat(1)).isEqualTo(-3f);
      assertThat(average.arrays().get("frozen").toFloatArray()).containsExactly(0.1f, 1e-20f);
    }
  }

  @Test
  void exchangedTwiceBothAreAsTheyWere() {
    try (WeightAverage average = new WeightAverage(manager, all, 0.9)) {
      moving.getArray().set(new float[] {7.7f, Float.MIN_VALUE});
      average.exchange();
      assertThat(moving.getArray().toFloatArray()).containsExactly(0.1f, -3f);
      assertThat(average.arrays().get("moving").toFloatArray())
          .containsExactly(7.7f, Float.MIN_VALUE);
      average.exchange();
      assertThat(moving.getArray().toFloatArray()).containsExactly(7.7f, Float.MIN_VALUE);
      assertThat(average.arrays().get("moving").toFloatArray()).containsExactly(0.1f, -3f);
    }
  }

  @Test
  void updatesAndExchangesLeaveNothingBehind() {
    try (WeightAverage average = new WeightAverage(manager, all, 0.9)) {
      int managed = manager.getManagedArrays().size();
      for (int n = 0; n < 5; n++) {
        average.update(n);
        average.exchange();
      }
      assertThat(manager.getManagedArrays()).hasSize(managed);
    }
  }

  @Test
  void anotherShapeIsNamed() {
    NDArray two = manager.create(new float[] {1, 2});
    NDArray three = manager.create(new float[] {1, 2, 3});
    assertThatThrownBy(() -> TensorLists.lerp(List.of(two), List.of(three), 0.5))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("target must be float32 (2) as x is, got float32 (3)");
  }

  private Parameter parameter(String name, float... values) {
    Parameter parameter = Parameter.builder().setName(name).setType(Parameter.Type.WEIGHT).build();
    NDArray start = manager.create(values);
    parameter.setShape(start.getShape());
    parameter.setInitializer((m, shape, type) -> start.duplicate());
    parameter.initialize(manager, DataType.FLOAT32);
    return parameter;
  }
}
