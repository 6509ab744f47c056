package io.t3d.core.torch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.List;
import org.junit.jupiter.api.Test;

class GradientsTest {
  @Test
  void aLargeNormIsBroughtToTheLimitWithOneFactor() {
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray a = manager.create(new float[] {3, 0});
      NDArray b = manager.create(new float[] {0, -4});
      assertThat(Gradients.clipByNorm(List.of(a, b), 1)).isCloseTo(5, within(1e-6));
      assertThat(a.toFloatArray()).containsExactly(new float[] {0.6f, 0}, within(1e-6f));
      assertThat(b.toFloatArray()).containsExactly(new float[] {0, -0.8f}, within(1e-6f));
      assertThat(Gradients.norm(List.of(a, b))).isCloseTo(1, within(1e-6));
    }
  }

  @Test
  void aSmallNormAndANormThatIsNoNumberLeaveTheGradientsAlone() {
    try (NDManager manager = NDManager.newBaseManager()) {
      NDArray small = manager.create(new float[] {0.3f, 0.4f});
      assertThat(Gradients.clipByNorm(List.of(small), 1)).isCloseTo(0.5, within(1e-6));
      assertThat(small.toFloatArray()).containsExactly(0.3f, 0.4f);
      NDArray broken = manager.create(new float[] {Float.POSITIVE_INFINITY, 1});
      assertThat(Gradients.clipByNorm(List.of(small, broken), 1)).isInfinite();
      assertThat(small.toFloatArray()).containsExactly(0.3f, 0.4f);
      assertThat(Gradients.clipByNorm(List.of(), 1)).isZero();
    }
  }

  @Test
  void theLimitMustBePositive() {
    assertThatThrownBy(() -> Gradients.clipByNorm(List.of(), 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("maxNorm must be > 0, got 0.0");
  }
}
