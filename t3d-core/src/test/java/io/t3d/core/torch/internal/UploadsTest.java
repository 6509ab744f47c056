package io.t3d.core.torch.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.BaseNDManager;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.TestDevice;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class UploadsTest {
  private final NDManager manager = TestDevice.manager();

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void partsLieOneBehindTheOther() {
    List<float[]> parts = List.of(new float[] {1, 2}, new float[] {3}, new float[] {Float.NaN});
    NDArray array = Uploads.floats(manager, manager.getDevice(), new Shape(2, 2), parts);
    assertThat(array.toFloatArray()).containsExactly(1, 2, 3, Float.NaN);
    assertThat(array.getShape()).isEqualTo(new Shape(2, 2));
    assertThat(array.getDataType()).isEqualTo(DataType.FLOAT32);
    assertThat(array.getDevice()).isEqualTo(manager.getDevice());
  }

  @Test
  void wholeNumbersKeepAllTheirDigits() {
    NDArray array =
        Uploads.longs(
            manager, manager.getDevice(), new Shape(3), Long.MIN_VALUE, 0, Long.MAX_VALUE);
    assertThat(array.toLongArray()).containsExactly(Long.MIN_VALUE, 0, Long.MAX_VALUE);
  }

  @Test
  void numbersOf16BitsBecomeFloats() {
    NDArray array =
        Uploads.floatsOf(
            manager,
            manager.getDevice(),
            new Shape(1, 3),
            new short[] {Short.MIN_VALUE, -1, Short.MAX_VALUE});
    assertThat(array.getDataType()).isEqualTo(DataType.FLOAT32);
    assertThat(array.toFloatArray()).containsExactly(-32768, -1, 32767);
  }

  @Test
  void theArrayIsAllThatTheManagerOwnsAndNeedsNoJavaMemory() {
    float[] values = {1, 2, 3};
    NDArray array = Uploads.floats(manager, manager.getDevice(), new Shape(3), List.of(values));
    values[0] = 7;
    assertThat(array.toFloatArray()).containsExactly(1, 2, 3);
    assertThat(((BaseNDManager) manager).getManagedArrays()).containsExactly(array);
  }

  @Test
  void tooFewOrTooManyValuesAreRefused() {
    Shape two = new Shape(2);
    assertThatThrownBy(
            () -> Uploads.floats(manager, manager.getDevice(), two, List.of(new float[3])))
        .hasMessage("values must be as many as the elements of (2), got 3");
    assertThatThrownBy(() -> Uploads.longs(manager, manager.getDevice(), two, 1))
        .hasMessage("values must be as many as the elements of (2), got 1");
  }
}
