package io.t3d.core.torch.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.engine.Engine;
import ai.djl.engine.EngineException;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.training.GradientCollector;
import io.t3d.core.TestDevice;
import io.t3d.core.torch.TorchBridge;
import java.util.List;
import java.util.function.Supplier;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Tensor;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class WrittenGradientTest {
  private NDManager manager;
  private int closed;

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

  private NDArray leaf(float... values) {
    NDArray x = manager.create(values);
    x.setRequiresGradient(true);
    return x;
  }

  /** a·b, whose backward pass may throw. */
  private NDArray product(NDArray a, NDArray b, Supplier<RuntimeException> failure) {
    try (PointerScope temporaries = new PointerScope()) {
      Tensor x = TorchBridge.borrow(a);
      Tensor y = TorchBridge.borrow(b);
      Tensor value;
      try (NoGradGuard constant = new NoGradGuard()) {
        value = x.mul(y);
      }
      Tensor left = WrittenGradient.keep(x);
      Tensor right = WrittenGradient.keep(y);
      WrittenGradient.Backward backward =
          new WrittenGradient.Backward() {
            @Override
            public List<Tensor> run(Tensor gradient) {
              RuntimeException thrown = failure.get();
              if (thrown != null) {
                throw thrown;
              }
              return List.of(gradient.mul(right), gradient.mul(left));
            }

            @Override
            public void close() {
              left.deallocate();
              right.deallocate();
              closed++;
            }
          };
      return TorchBridge.own(manager, WrittenGradient.of(List.of(x, y), value, backward));
    }
  }

  private NDArray product(NDArray a, NDArray b) {
    return product(a, b, () -> null);
  }

  @Test
  void gradientsFlowThroughSeveralCallsAndOneInputTwice() {
    NDArray a = leaf(2, 3);
    NDArray b = leaf(5, 7);
    try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
      NDArray square = product(a.mul(1f), a); // a²
      NDArray y = product(square, b).mul(10f); // 10 a² b
      assertThat(y.toFloatArray()).containsExactly(200, 630);
      collector.backward(y.sum());
    }
    assertThat(a.getGradient().toFloatArray()).containsExactly(200, 420); // 20 a b
    assertThat(b.getGradient().toFloatArray()).containsExactly(40, 90); // 10 a²
    assertThat(closed).isEqualTo(2);
  }

  @Test
  void aGraphThatIsNeverRunFreesWhatItKept() {
    NDArray a = leaf(2, 3);
    try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
      NDArray y = product(a, a);
      assertThat(closed).isZero();
      y.close();
      assertThat(closed).isEqualTo(1);
    }
  }

  @Test
  void anErrorInTheBackwardPassReachesTheCallerAndTheNextPassIsFine() {
    NDArray a = leaf(2, 3);
    NDArray b = leaf(5, 7);
    assertThatThrownBy(
            () -> {
              try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
                NDArray y = product(a, b, () -> new IllegalStateException("no gradient today"));
                collector.backward(y.sum());
              }
            })
        .isInstanceOf(EngineException.class)
        .hasMessageContaining("no gradient today");
    try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
      collector.backward(product(a, b).sum());
    }
    assertThat(a.getGradient().toFloatArray()).containsExactly(5, 7);
  }

  @Test
  void valuesThatAreNoNumbersDoNotDisturbTheGradients() {
    NDArray a = leaf(Float.NaN, Float.POSITIVE_INFINITY, 3);
    NDArray b = leaf(1, 2, 4);
    try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
      NDArray y = product(a, b);
      assertThat(y.toFloatArray()).containsExactly(Float.NaN, Float.POSITIVE_INFINITY, 12);
      collector.backward(y.sum());
    }
    assertThat(a.getGradient().toFloatArray()).containsExactly(1, 2, 4);
    assertThat(b.getGradient().toFloatArray())
        .containsExactly(Float.NaN, Float.POSITIVE_INFINITY, 3);
  }
}
