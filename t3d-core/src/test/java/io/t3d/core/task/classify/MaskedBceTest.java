package io.t3d.core.task.classify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.training.GradientCollector;
import io.t3d.core.TestDevice;
import org.junit.jupiter.api.Test;

class MaskedBceTest {
  private static final double NAN = Double.NaN;
  private static final float[][] LOGITS = {{0.3f, -2f}, {-0.7f, 0f}, {1.5f, 4f}};
  private static final double[][] TARGETS = {{1, 0}, {0, NAN}, {NAN, 1}};
  private static final double[] WEIGHTS = {3, 0.5};

  /** The textbook's form, in a double loop. */
  private static double loop(float[][] logits) {
    double sum = 0;
    int known = 0;
    for (int i = 0; i < logits.length; i++) {
      for (int j = 0; j < 2; j++) {
        double y = TARGETS[i][j];
        if (!Double.isNaN(y)) {
          double p = 1 / (1 + Math.exp(-logits[i][j]));
          sum -= y == 1 ? WEIGHTS[j] * Math.log(p) : Math.log(1 - p);
          known++;
        }
      }
    }
    return sum / known;
  }

  @Test
  void lossAndGradientEqualADoubleLoop() {
    try (NDManager manager = TestDevice.manager()) {
      NDArray logits = manager.create(LOGITS);
      logits.setRequiresGradient(true);
      try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
        NDArray loss = new MaskedBce(WEIGHTS).compute(manager, logits, TARGETS);
        assertThat((double) loss.getFloat()).isCloseTo(loop(LOGITS), within(1e-6));
        collector.backward(loss);
      }
      float[] gradient = logits.getGradient().toFloatArray();
      for (int i = 0; i < 3; i++) {
        for (int j = 0; j < 2; j++) {
          float[][] up = {LOGITS[0].clone(), LOGITS[1].clone(), LOGITS[2].clone()};
          float[][] down = {LOGITS[0].clone(), LOGITS[1].clone(), LOGITS[2].clone()};
          up[i][j] += 1e-2f;
          down[i][j] -= 1e-2f;
          double difference = (loop(up) - loop(down)) / (up[i][j] - down[i][j]);
          assertThat((double) gradient[i * 2 + j]).isCloseTo(difference, within(1e-4));
        }
      }
    }
  }

  @Test
  void hugeLogitsStayFinite() {
    try (NDManager manager = TestDevice.manager()) {
      NDArray logits = manager.create(new float[][] {{1e4f, -1e4f}, {-1e4f, 1e4f}});
      NDArray loss =
          new MaskedBce(new double[] {1, 1})
              .compute(manager, logits, new double[][] {{0, 1}, {0, 1}});
      assertThat((double) loss.getFloat()).isCloseTo(5e3, within(1.0));
    }
  }
}
