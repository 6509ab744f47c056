package io.t3d.core.torch.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.TestDevice;
import io.t3d.core.config.Size3;
import io.t3d.core.torch.Casts;
import io.t3d.core.torch.TorchBridge;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class PatchesTest {
  private final NDManager manager = TestDevice.manager();

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void equalALoopOverVoxelsForACropInBothTypes() {
    NDArray whole = manager.arange(2 * 9 * 9 * 16f).reshape(2, 1, 9, 9, 16);
    NDArray crop = whole.get(":, :, 1:9, 3:9, 1:16");
    Size3 patch = new Size3(4, 2, 5);
    float[] expected = loop(crop, patch);

    assertThat(Patches.rows(crop, patch, false).toFloatArray()).containsExactly(expected);
    assumeTrue(TorchBridge.available());
    NDArray rows = Patches.rows(crop, patch, true);
    assertThat(Casts.isBfloat16(rows)).isTrue();
    NDArray rounded = Casts.toFloat32(Casts.toBfloat16(manager.create(expected)));
    assertThat(Casts.toFloat32(rows).toFloatArray()).containsExactly(rounded.toFloatArray());
    // Already bfloat16: cut without a cast.
    NDArray again = Patches.rows(Casts.toBfloat16(crop), patch, true);
    assertThat(Casts.toFloat32(again).toFloatArray()).containsExactly(rounded.toFloatArray());
    assertThat(TorchBridge.borrow(again).is_contiguous()).isTrue();
  }

  private static float[] loop(NDArray views, Size3 patch) {
    Shape s = views.getShape();
    float[] out = new float[(int) s.size()];
    int at = 0;
    for (int b = 0; b < s.get(0); b++) {
      for (int z = 0; z < s.get(2); z += patch.depth()) {
        for (int y = 0; y < s.get(3); y += patch.height()) {
          for (int x = 0; x < s.get(4); x += patch.width()) {
            for (int i = 0; i < patch.depth() * patch.height() * patch.width(); i++) {
              int dz = i / (patch.height() * patch.width());
              int dy = i / patch.width() % patch.height();
              out[at++] = views.getFloat(b, 0, z + dz, y + dy, x + i % patch.width());
            }
          }
        }
      }
    }
    return out;
  }

  @Test
  void theirShapeIsChecked() {
    NDArray views = manager.ones(new Shape(1, 1, 6, 9, 15));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Patches.rows(views, new Size3(2, 4, 5), false))
        .withMessage("patch must divide (D, H, W) = (6, 9, 15), got (2, 4, 5)");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> Patches.rows(manager.ones(new Shape(4, 4)), new Size3(2, 2, 2), false))
        .withMessage("views must be (B, 1, D, H, W), got (4, 4); one channel each");
  }
}
