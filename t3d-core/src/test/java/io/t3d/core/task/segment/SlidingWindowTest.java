package io.t3d.core.task.segment;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.t3d.core.TestDevice;
import io.t3d.core.config.Size3;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Volume;
import java.io.InputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SlidingWindowTest {
  private final NDManager manager = TestDevice.manager();

  @AfterEach
  void close() {
    manager.close();
  }

  /** The network of sliding_window_golden.py. */
  private static NDArray network(NDArray w) {
    Shape s = w.getShape();
    NDManager m = w.getManager();
    NDArray z = m.linspace(-1, 1, (int) s.get(2)).reshape(1, 1, -1, 1, 1);
    NDArray x = m.linspace(0, 1, (int) s.get(4)).reshape(1, 1, 1, 1, -1);
    NDArray ramp = z.mul(x);
    return NDArrays.concat(new NDList(w.mul(2).add(ramp), w.square().sub(ramp)), 1);
  }

  private static Volume volume(JsonNode shape, JsonNode values) {
    float[] voxels = new float[values.size()];
    for (int i = 0; i < voxels.length; i++) {
      voxels[i] = (float) values.get(i).asDouble();
    }
    return new Volume(
        voxels,
        shape.get(0).asInt(),
        shape.get(1).asInt(),
        shape.get(2).asInt(),
        Affine.identity());
  }

  /** All slices as {@code (K, D, H, W)}. */
  private float[] run(SlidingWindow sliding, Volume v, SlidingWindow.Network network) {
    int plane = v.height() * v.width();
    float[][] out = new float[1][];
    int[] next = {0};
    sliding.run(
        manager,
        v,
        network,
        (z, logits) -> {
          assertThat(z).isEqualTo(next[0]++);
          int classes = logits.length / plane;
          out[0] = out[0] == null ? new float[classes * v.voxels().length] : out[0];
          for (int k = 0; k < classes; k++) {
            System.arraycopy(logits, k * plane, out[0], (k * v.depth() + z) * plane, plane);
          }
        });
    assertThat(next[0]).isEqualTo(v.depth());
    return out[0];
  }

  @Test
  void equalsMonaiForAnyBatchSize() throws Exception {
    try (InputStream in = getClass().getResourceAsStream("/golden/eval/sliding_window.json")) {
      for (JsonNode c : new ObjectMapper().readTree(in)) {
        JsonNode w = c.get("window");
        Size3 window = new Size3(w.get(0).asInt(), w.get(1).asInt(), w.get(2).asInt());
        for (int batch : new int[] {1, 3}) {
          SlidingWindow sliding =
              new SlidingWindow(
                  window, c.get("overlap").asDouble(), c.get("sigma").asDouble(), batch);
          float[] found =
              run(sliding, volume(c.get("shape"), c.get("volume")), SlidingWindowTest::network);
          assertThat(found).hasSize(c.get("logits").size());
          for (int i = 0; i < found.length; i++) {
            assertThat((double) found[i])
                .isCloseTo(c.get("logits").get(i).asDouble(), within(2e-6));
          }
        }
      }
    }
  }

  @Test
  void constantScoresStayConstant() {
    Volume v = new Volume(new float[11 * 7 * 13], 11, 7, 13, Affine.identity());
    SlidingWindow sliding = new SlidingWindow(new Size3(4, 8, 5), 0.5, 0.125, 2);
    float[] found =
        run(
            sliding,
            v,
            w -> {
              Shape s = w.getShape();
              NDArray one = w.getManager().ones(s);
              return NDArrays.concat(new NDList(one.mul(3.25f), one.mul(-7)), 1);
            });
    for (int i = 0; i < v.voxels().length; i++) {
      assertThat(found[i]).isCloseTo(3.25f, within(1e-6f));
      assertThat(found[v.voxels().length + i]).isCloseTo(-7, within(2e-6f));
    }
  }

  @Test
  void theNetworkMustKeepTheSize() {
    Volume v = new Volume(new float[8], 2, 2, 2, Affine.identity());
    SlidingWindow sliding = new SlidingWindow(Size3.cube(2), 0.5, 0.125, 2);
    assertThatIllegalArgumentException()
        .isThrownBy(() -> run(sliding, v, w -> w.get(":, :, 1:")))
        .withMessageStartingWith(
            "logits must be (B, K, D, H, W) = (1, K, 2, 2, 2), got (1, 1, 1, 2, 2)");
  }
}
