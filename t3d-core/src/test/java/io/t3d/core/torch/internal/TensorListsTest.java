package io.t3d.core.torch.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.TestDevice;
import java.util.List;
import java.util.function.BiConsumer;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TensorListsTest {
  private final NDManager manager = TestDevice.manager();
  private final NoGrad constant = new NoGrad();
  private List<NDArray> x;
  private List<NDArray> y;

  @BeforeEach
  void make() {
    x = List.of(manager.create(new float[] {1, 2}), manager.create(3f));
    NDArray rows = manager.create(new float[] {10, 20, 30, 40}, new Shape(2, 2));
    y = List.of(rows.get(":, 1"), manager.create(0.1f)); // the first with gaps
  }

  @AfterEach
  void close() {
    constant.close();
    manager.close();
  }

  @Test
  void oneListIsAddedToAnother() {
    TensorLists.add(x, y);
    assertThat(x.get(0).toFloatArray()).containsExactly(21, 42);
    assertThat(x.get(1).getFloat()).isEqualTo(3 + 0.1f);
    assertThat(y.get(0).toFloatArray()).containsExactly(20, 40);
  }

  @Test
  void oneListIsCopiedIntoAnother() {
    TensorLists.copy(x, y);
    assertThat(x.get(0).toFloatArray()).containsExactly(20, 40);
    assertThat(x.get(1).getFloat()).isEqualTo(0.1f);
    y.get(1).addi(1);
    assertThat(x.get(1).getFloat()).isEqualTo(0.1f);
  }

  @Test
  void emptyListsAreLeftAlone() {
    TensorLists.add(List.of(), List.of());
    TensorLists.copy(List.of(), List.of());
    assertThat(x.get(0).toFloatArray()).containsExactly(1, 2);
  }

  @Test
  void listsThatDoNotFitAreRefusedBeforeAnythingIsChanged() {
    for (BiConsumer<List<NDArray>, List<NDArray>> operation :
        List.<BiConsumer<List<NDArray>, List<NDArray>>>of(TensorLists::add, TensorLists::copy)) {
      assertThatThrownBy(() -> operation.accept(x, y.subList(0, 1)))
          .hasMessage("targets must be as many as x, 2, got 1");
      assertThatThrownBy(() -> operation.accept(x, List.of(y.get(0), y.get(0))))
          .hasMessage("target must be float32 () as x is, got float32 (2)");
    }
    assertThat(x.get(0).toFloatArray()).containsExactly(1, 2);
  }
}
