package io.t3d.core.torch.internal;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import io.t3d.core.TestDevice;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;

class OperationCounterTest {
  @Test
  void whatComputesIsCountedAndWhatMakesViewsIsNot() {
    Map<String, Integer> counted =
        count(
            manager -> {
              NDArray x = manager.ones(new Shape(3, 4));
              NDArray y = x.transpose().reshape(2, 6); // a view, then a copy of it
              x.matMul(x.transpose());
              y.get("0:1").add(y);
            });
    assertThat(counted)
        .containsOnly(
            Map.entry("ones", 1), Map.entry("clone", 1), Map.entry("mm", 1), Map.entry("add", 1));
  }

  @Test
  void anOperationForAListCountsOnce() {
    Map<String, Integer> counted =
        count(
            manager -> {
              NDArray x = manager.ones(new Shape(3));
              NDArray y = manager.ones(new Shape(2));
              TensorLists.lerp(List.of(x, y), List.of(y.concat(y).get("0:3"), y), 0.5);
            });
    assertThat(counted).containsEntry("_foreach_lerp_", 1).doesNotContainKey("lerp_");
  }

  @Test
  void theBackwardPassIsSeenToo() {
    Map<String, Integer> counted =
        count(
            manager -> {
              NDArray x = manager.ones(new Shape(3));
              x.setRequiresGradient(true);
              try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
                collector.backward(x.exp().sum());
              }
            });
    assertThat(counted).containsEntry("exp", 1).containsEntry("sum", 1).containsEntry("mul", 1);
  }

  @Test
  void aClosedCounterCountsNoMore() {
    try (NDManager manager = TestDevice.manager()) {
      OperationCounter counter = OperationCounter.open(() -> "all");
      manager.ones(new Shape(3)).exp();
      int total = counter.total();
      int calls = counter.calls();
      counter.close();
      manager.ones(new Shape(3)).exp();
      assertThat(counter.total()).isEqualTo(total).isEqualTo(2);
      assertThat(counter.calls()).isEqualTo(calls).isGreaterThan(total);
    }
  }

  @Test
  void theTimeOfAnOperationIsWithoutThatOfItsParts() {
    try (NDManager manager = TestDevice.manager();
        OperationCounter counter = OperationCounter.open(() -> "all")) {
      NDArray x = manager.ones(new Shape(400, 400));
      long start = System.nanoTime();
      x.matMul(x).close(); // "matmul" of "mm"
      long took = System.nanoTime() - start;
      Map<String, Long> nanos = counter.nanos();
      assertThat(nanos).containsKeys("ones", "matmul", "mm");
      assertThat(nanos.values()).allSatisfy(time -> assertThat(time).isNotNegative());
      assertThat(nanos.get("matmul") + nanos.get("mm")).isPositive().isLessThanOrEqualTo(took);
    }
  }

  private static Map<String, Integer> count(Consumer<NDManager> work) {
    try (NDManager manager = TestDevice.manager();
        OperationCounter counter = OperationCounter.open(() -> "all")) {
      work.accept(manager);
      return counter.kernels().get("all");
    }
  }
}
