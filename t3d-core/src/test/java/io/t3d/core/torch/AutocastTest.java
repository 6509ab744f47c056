package io.t3d.core.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.Device;
import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.convolutional.Conv3d;
import ai.djl.nn.core.Linear;
import ai.djl.training.GradientCollector;
import io.t3d.core.TestDevice;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;

@DisabledOnOs(OS.WINDOWS)
class AutocastTest {
  private static final Device CPU = TestDevice.get();
  private static final Shape ONE = new Shape(1, 1, 1);

  private NDManager manager;
  private NDArray x;
  private NDArray weight;

  @BeforeEach
  void open() {
    assumeTrue(TorchBridge.available());
    manager = TestDevice.manager();
    Engine.getInstance().setRandomSeed(5);
    x = manager.randomNormal(new Shape(4, 8));
    weight = manager.randomNormal(new Shape(3, 8));
    weight.setRequiresGradient(true);
  }

  @AfterEach
  void close() {
    if (manager != null) {
      manager.close();
    }
  }

  @Test
  void linearConvolutionAndAttentionRunInBfloat16AndFloat32AfterTheScope() {
    NDArray image = manager.ones(new Shape(1, 2, 4, 4, 4));
    NDArray kernel = manager.ones(new Shape(3, 2, 3, 3, 3));
    NDArray tokens = manager.ones(new Shape(1, 2, 4, 8));
    try (Autocast scope = Autocast.bfloat16(CPU)) {
      assertThat(Autocast.isEnabled(CPU)).isTrue();
      assertThat(Casts.isBfloat16(linear())).isTrue();
      NDArray y = Conv3d.conv3d(image, kernel, null, ONE, ONE, ONE).singletonOrThrow();
      assertThat(Casts.isBfloat16(y)).isTrue();
      assertThat(Casts.isBfloat16(Attention.scaledDotProduct(tokens, tokens, tokens, 0))).isTrue();
      assertThat(Casts.toFloat32(linear()).softmax(-1).getDataType()).isEqualTo(DataType.FLOAT32);
    }
    assertThat(Autocast.isEnabled(CPU)).isFalse();
    assertThat(linear().getDataType()).isEqualTo(DataType.FLOAT32);
  }

  @Test
  void aFloat32ScopeInsideRunsInFloat32AndTheOuterOneGoesOn() {
    try (Autocast outer = Autocast.bfloat16(CPU)) {
      try (Autocast inner = Autocast.float32(CPU)) {
        assertThat(Autocast.isEnabled(CPU)).isFalse();
        assertThat(linear().getDataType()).isEqualTo(DataType.FLOAT32);
      }
      assertThat(Casts.isBfloat16(linear())).isTrue();
    }
  }

  @Test
  void parametersGetFloat32GradientsCloseToThoseOfFloat32() {
    float[] exact = gradient(false);
    float[] mixed = gradient(true);
    assertThat(weight.getDataType()).isEqualTo(DataType.FLOAT32);
    assertThat(mixed).isNotEqualTo(exact);
    assertThat(mixed).containsExactly(exact, within(0.1f));
  }

  @Test
  void anExceptionRestoresFloat32() {
    assertThatThrownBy(
            () -> {
              try (Autocast scope = Autocast.bfloat16(CPU)) {
                throw new IllegalStateException("boom");
              }
            })
        .hasMessage("boom");
    assertThat(Autocast.isEnabled(CPU)).isFalse();
    assertThat(Casts.isBfloat16(linear())).isFalse();
  }

  @Test
  void anInnerScopeLeavesTheOuterOneOn() {
    try (Autocast outer = Autocast.bfloat16(CPU)) {
      try (Autocast inner = Autocast.bfloat16(CPU)) {
        assertThat(Casts.isBfloat16(linear())).isTrue();
      }
      assertThat(Autocast.isEnabled(CPU)).isTrue();
      assertThat(Casts.isBfloat16(linear())).isTrue();
    }
    assertThat(Autocast.isEnabled(CPU)).isFalse();
  }

  @Test
  void theNextScopeSeesAnUpdatedWeight() {
    float before;
    try (GradientCollector collector = Engine.getInstance().newGradientCollector();
        Autocast scope = Autocast.bfloat16(CPU)) {
      before = Casts.toFloat32(linear()).getFloat(0, 0);
    }
    weight.muli(2);
    try (GradientCollector collector = Engine.getInstance().newGradientCollector();
        Autocast scope = Autocast.bfloat16(CPU)) {
      assertThat(Casts.toFloat32(linear()).getFloat(0, 0)).isEqualTo(2 * before);
    }
  }

  @Test
  void otherThreadsAreNotTouched() {
    try (Autocast scope = Autocast.bfloat16(CPU)) {
      assertThat(CompletableFuture.supplyAsync(() -> Autocast.isEnabled(CPU)).join()).isFalse();
    }
  }

  @Test
  void closingOnAnotherThreadOrInTheWrongOrderIsAnError() {
    try (Autocast outer = Autocast.bfloat16(CPU)) {
      assertThatThrownBy(() -> CompletableFuture.runAsync(outer::close).join())
          .isInstanceOf(CompletionException.class)
          .hasMessageContaining("must be closed on the thread that opened it");
      try (Autocast inner = Autocast.bfloat16(CPU)) {
        assertThatThrownBy(outer::close)
            .isInstanceOf(IllegalStateException.class)
            .hasMessageContaining("the innermost first");
      }
    }
    assertThat(Autocast.isEnabled(CPU)).isFalse();
  }

  @Test
  void closingTwiceDoesNothingTheSecondTime() {
    Autocast once = Autocast.bfloat16(CPU);
    once.close();
    try (Autocast next = Autocast.bfloat16(CPU)) {
      once.close();
      assertThat(Autocast.isEnabled(CPU)).isTrue();
    }
  }

  @Test
  void theCudaSwitchCanBeSetWithoutAGpuAndIsSeparate() {
    try (Autocast scope = Autocast.bfloat16(Device.gpu())) {
      assertThat(Autocast.isEnabled(Device.gpu())).isTrue();
      assertThat(Autocast.isEnabled(CPU)).isFalse();
    }
    assertThat(Autocast.isEnabled(Device.gpu())).isFalse();
  }

  @Test
  void anotherKindOfDeviceIsAnError() {
    assertThatThrownBy(() -> Autocast.bfloat16(Device.of("npu", 0)))
        .isInstanceOf(UnsupportedOperationException.class)
        .hasMessage("Autocast knows CPU and GPU devices, got npu(0)");
  }

  private NDArray linear() {
    return Linear.linear(x, weight, null).singletonOrThrow(); // (4, 3)
  }

  private float[] gradient(boolean mixed) {
    try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
      NDArray y;
      if (mixed) {
        try (Autocast scope = Autocast.bfloat16(CPU)) {
          y = Casts.toFloat32(linear());
        }
      } else {
        y = linear();
      }
      collector.backward(y.square().mean());
    }
    assertThat(weight.getGradient().getDataType()).isEqualTo(DataType.FLOAT32);
    float[] out = weight.getGradient().toFloatArray();
    weight.getGradient().subi(weight.getGradient());
    return out;
  }
}
