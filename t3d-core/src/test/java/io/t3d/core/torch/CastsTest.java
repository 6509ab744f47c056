package io.t3d.core.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import io.t3d.core.TestDevice;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class CastsTest {
  private NDManager manager;

  @BeforeEach
  void open() {
    assumeTrue(TorchBridge.available());
    manager = TestDevice.manager();
  }

  @AfterEach
  void close() {
    if (manager != null) {
      manager.close();
    }
  }

  @Test
  void theRoundTripRoundsToEightBits() {
    NDArray x = manager.create(new float[] {1, 1.00390625f, 1.01171875f, -3e38f});
    NDArray half = Casts.toBfloat16(x);
    NDArray back = Casts.toFloat32(half);

    assertThat(Casts.isBfloat16(half)).isTrue();
    assertThat(Casts.isBfloat16(x)).isFalse();
    assertThat(half.getShape()).isEqualTo(new Shape(4));
    assertThat(back.getDataType()).isEqualTo(DataType.FLOAT32);
    // Ties go to the even neighbour; steps of 1/128 above 1.
    float[] rounded = back.toFloatArray();
    assertThat(rounded[0]).isEqualTo(1f);
    assertThat(rounded[1]).isEqualTo(1f);
    assertThat(rounded[2]).isEqualTo(1.015625f);
    assertThat(rounded[3]).isLessThan(-2.9e38f).isGreaterThan(-3.1e38f);
  }

  @Test
  void gradientsPassBothWaysAndAreFloat32() {
    NDArray x = manager.create(new float[] {1, 2, 3});
    x.setRequiresGradient(true);
    try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
      NDArray half = Casts.toBfloat16(x);
      NDArray y = Casts.toFloat32(half.mul(half));
      assertThat(y.toFloatArray()).containsExactly(1, 4, 9);
      collector.backward(y.sum());
    }
    assertThat(x.getGradient().getDataType()).isEqualTo(DataType.FLOAT32);
    assertThat(x.getGradient().toFloatArray()).containsExactly(2, 4, 6);
  }

  @Test
  void closingTheResultOfACastThatChangesNothingLeavesTheOperandAlone() {
    NDArray x = manager.create(new float[] {1, 2, 3});
    Casts.toFloat32(x).close();
    assertThat(x.sum().getFloat()).isEqualTo(6);
  }

  @Test
  void integersBecomeFloats() {
    NDArray x = manager.create(new long[] {1, 2});
    assertThat(Casts.toFloat32(x).toFloatArray()).containsExactly(1, 2);
  }
}
