package io.t3d.core.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.convolutional.Conv3d;
import ai.djl.training.GradientCollector;
import io.t3d.core.TestDevice;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class MemoryFormatsTest {
  private static final Shape ONE = new Shape(1, 1, 1);

  private NDManager manager;

  @BeforeEach
  void open() {
    assumeTrue(TorchBridge.available());
    manager = TestDevice.manager();
    Engine.getInstance().setRandomSeed(5);
  }

  @AfterEach
  void close() {
    if (manager != null) {
      manager.close();
    }
  }

  @Test
  void thereAndBackKeepsShapeAndValues() {
    NDArray x = manager.randomNormal(new Shape(2, 3, 4, 5, 6));
    NDArray last = MemoryFormats.channelsLast3d(x);
    NDArray back = MemoryFormats.contiguous(last);

    assertThat(MemoryFormats.isChannelsLast3d(x)).isFalse();
    assertThat(MemoryFormats.isChannelsLast3d(last)).isTrue();
    assertThat(MemoryFormats.isChannelsLast3d(back)).isFalse();
    assertThat(last.getShape()).isEqualTo(x.getShape());
    assertThat(last.toFloatArray()).containsExactly(x.toFloatArray());
    assertThat(back.toFloatArray()).containsExactly(x.toFloatArray());
    assertThat(last.get("1, 2, 3, 4, 5").getFloat()).isEqualTo(x.getFloat(1, 2, 3, 4, 5));
  }

  @Test
  void aConvolutionKeepsTheOrderAndGivesTheSameValuesAndGradients() {
    NDArray x = manager.randomNormal(new Shape(2, 4, 5, 6, 7));
    NDArray weight = manager.randomNormal(new Shape(8, 4, 3, 3, 3));
    x.setRequiresGradient(true);
    weight.setRequiresGradient(true);
    float[][] plain = convolve(x, weight, false);
    float[][] last = convolve(x, weight, true);
    for (int i = 0; i < plain.length; i++) {
      assertThat(last[i]).containsExactly(plain[i], within(2e-3f));
    }
  }

  @Test
  void closingTheResultLeavesTheOperandAlone() {
    NDArray x = manager.ones(new Shape(1, 2, 2, 2, 2));
    NDArray same = MemoryFormats.contiguous(x); // no copy is needed here
    same.close();
    assertThat(x.sum().getFloat()).isEqualTo(16);
  }

  @Test
  void anotherRankIsAnError() {
    assertThatThrownBy(() -> MemoryFormats.channelsLast3d(manager.ones(new Shape(2, 3))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("x must be (B, C, D, H, W)")
        .hasMessageContaining("got (2, 3)");
  }

  private float[][] convolve(NDArray x, NDArray weight, boolean channelsLast) {
    float[] value;
    try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
      NDArray in = channelsLast ? MemoryFormats.channelsLast3d(x) : x;
      NDArray y = Conv3d.conv3d(in, weight, null, ONE, ONE, ONE).singletonOrThrow();
      assertThat(MemoryFormats.isChannelsLast3d(y)).isEqualTo(channelsLast);
      value = y.toFloatArray();
      collector.backward(y.square().mean());
    }
    float[][] out = {value, x.getGradient().toFloatArray(), weight.getGradient().toFloatArray()};
    x.getGradient().subi(x.getGradient());
    weight.getGradient().subi(weight.getGradient());
    return out;
  }
}
