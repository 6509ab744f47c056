package io.t3d.core.tensor;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.engine.Engine;
import ai.djl.ndarray.BaseNDManager;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import io.t3d.core.TestDevice;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ScalarsTest {
  private final NDManager manager = TestDevice.manager();

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void gradientsSurviveAGarbageCollectionBeforeTheBackwardPass() {
    for (int n = 0; n < 5; n++) {
      NDArray x = manager.create(new float[] {1, 2, 3});
      x.setRequiresGradient(true);
      try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
        NDArray y = Scalars.atLeast(Scalars.divide(Scalars.multiply(x, 6), 2), 4).sum();
        overwriteFreedBuffers();
        collector.backward(y);
      }
      assertThat(x.getGradient().toFloatArray()).containsExactly(0, 3, 3);
    }
  }

  /** Frees unreachable Java buffers and takes their place, as a busy program would in time. */
  private static void overwriteFreedBuffers() {
    System.gc();
    List<ByteBuffer> buffers = new ArrayList<>();
    for (int i = 0; i < 2000; i++) {
      buffers.add(ByteBuffer.allocateDirect(8).putFloat(0, 77).putFloat(4, 77));
    }
    assertThat(buffers).hasSize(2000);
  }

  @Test
  void scalarsStayFloat32AndNothingIsLeftBehind() {
    NDArray x = manager.create(2f);
    NDArray y = Scalars.multiply(x, 0.1);
    assertThat(y.getDataType()).isEqualTo(DataType.FLOAT32);
    assertThat(y.getShape()).isEqualTo(new Shape());
    assertThat(y.getFloat()).isEqualTo(0.2f);
    assertThat(((BaseNDManager) manager).getManagedArrays()).containsExactlyInAnyOrder(x, y);
  }

  @Test
  void halfPrecisionStaysHalf() {
    NDArray x = manager.ones(new Shape(2), DataType.FLOAT16);
    assertThat(Scalars.divide(x, 4).getDataType()).isEqualTo(DataType.FLOAT16);
  }
}
