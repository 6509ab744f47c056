package io.t3d.core.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import io.t3d.core.TestDevice;
import io.t3d.core.config.Size3;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class InterpolateTest {
  @BeforeEach
  void needsTheBridge() {
    assumeTrue(TorchBridge.available());
  }

  @Test
  void doublingALineGivesTheQuartersByHand() {
    try (NDManager manager = TestDevice.manager()) {
      NDArray x = manager.create(new float[] {0, 4}, new Shape(1, 1, 1, 1, 2));
      NDArray y = Interpolate.trilinear(x, new Size3(1, 1, 4));
      assertThat(y.getShape()).isEqualTo(new Shape(1, 1, 1, 1, 4));
      assertThat(y.toFloatArray()).containsExactly(0, 1, 3, 4);
    }
  }

  @Test
  void gradientsSpreadOverTheTwoNeighboursByHand() {
    try (NDManager manager = TestDevice.manager()) {
      NDArray x = manager.create(new float[] {0, 4}, new Shape(1, 1, 2, 1, 1));
      x.setRequiresGradient(true);
      try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
        NDArray y = Interpolate.trilinear(x, new Size3(4, 1, 1));
        NDArray weight = manager.create(new float[] {1, 10, 100, 1000}, y.getShape());
        collector.backward(y.mul(weight).sum());
      }
      // y = (x0, 3/4 x0 + 1/4 x1, 1/4 x0 + 3/4 x1, x1)
      assertThat(x.getGradient().toFloatArray()).containsExactly(33.5f, 1077.5f);
    }
  }

  @Test
  void anArrayWithoutAChannelAxisIsAnError() {
    try (NDManager manager = TestDevice.manager()) {
      NDArray x = manager.ones(new Shape(1, 2, 2, 2));
      assertThatThrownBy(() -> Interpolate.trilinear(x, Size3.cube(4)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("x must be (B, C, D, H, W)")
          .hasMessageContaining("add a batch or channel axis");
    }
  }
}
