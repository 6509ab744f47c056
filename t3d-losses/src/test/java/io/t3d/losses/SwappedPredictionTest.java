package io.t3d.losses;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import io.t3d.core.torch.TorchBridge;
import io.t3d.losses.SwappedPrediction.Result;
import io.t3d.losses.SwappedPrediction.Weights;
import io.t3d.losses.kernel.PrototypePrediction;
import io.t3d.losses.kernel.PrototypePrediction.Predicted;
import io.t3d.losses.kernel.PrototypePrediction.Rows;
import io.t3d.losses.kernel.PrototypePrediction.Target;
import io.t3d.losses.kernel.Sinkhorn;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SwappedPredictionTest {
  private static final double TEMPERATURE = 0.1;

  private NDManager manager;

  @BeforeEach
  void open() {
    assumeTrue(TorchBridge.available());
    manager = NDManager.newBaseManager();
    Engine.getInstance().setRandomSeed(3);
  }

  @AfterEach
  void close() {
    if (manager != null) {
      manager.close();
    }
  }

  /** Also more rows than a block has, and the last block not full. */
  @ParameterizedTest
  @CsvSource({"5, 3, 4, 0.7, 0", "5, 3, 4, 0, 0.5", "40, 17, 8, 1, 0.1", "1100, 512, 16, 1, 0.1"})
  void theFusedKernelHasAutogradsValuesAndGradients(
      int n, int k, int e, double crossEntropy, double divergence) {
    NDArray prototypes = manager.randomNormal(new Shape(k, e)).normalize(2, 1);
    List<Rows> parts = List.of(rows(n, k, e, 2), rows(n / 2 + 1, k, e, 1));
    List<NDArray> leaves = new ArrayList<>(List.of(prototypes));
    parts.forEach(part -> leaves.add(part.features()));
    leaves.forEach(leaf -> leaf.setRequiresGradient(true));
    Weights weights = new Weights(crossEntropy, divergence);

    Predicted fused;
    Result plain;
    try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
      fused =
          PrototypePrediction.tryPredict(parts, prototypes, TEMPERATURE, crossEntropy, divergence)
              .orElseThrow();
      plain =
          new SwappedPrediction(new Sinkhorn(0.05, 3), TEMPERATURE, prototypes)
              .byAutograd(parts, prototypes, manager.ones(new Shape()), weights);
      collector.backward(plain.loss());
    }
    assertClose(fused.crossEntropy(), plain.crossEntropy());
    // The difference of two numbers near log K.
    assertThat(fused.divergence().getFloat())
        .isCloseTo(plain.divergence().getFloat(), within(2e-6f));
    assertClose(fused.prototypes().orElseThrow(), prototypes.getGradient());
    for (int i = 0; i < parts.size(); i++) {
      assertClose(fused.features().get(i), parts.get(i).features().getGradient());
    }
  }

  @Test
  void withoutAGradientCollectorNoGradientIsMade() {
    NDArray prototypes = manager.randomNormal(new Shape(3, 4)).normalize(2, 1);
    Predicted predicted =
        PrototypePrediction.tryPredict(List.of(rows(5, 3, 4, 1)), prototypes, TEMPERATURE, 1, 1)
            .orElseThrow();
    assertThat(predicted.prototypes()).isEmpty();
    assertThat(predicted.features()).isEmpty();
    assertThat(predicted.crossEntropy().getFloat()).isPositive();
  }

  private Rows rows(int n, int k, int e, int targets) {
    List<Target> all = new ArrayList<>();
    for (int i = 0; i < targets; i++) {
      NDArray assignments = manager.randomUniform(0, 1, new Shape(n + 3, k)).softmax(1);
      NDArray index = manager.arange(n).add(1 + i).toType(DataType.INT64, true);
      NDArray mask =
          manager.randomUniform(0, 1, new Shape(n)).gt(0.4).toType(DataType.FLOAT32, true);
      all.add(new Target(assignments, index, mask));
    }
    return new Rows(manager.randomNormal(new Shape(n, e)), all);
  }

  private static void assertClose(NDArray got, NDArray wanted) {
    float[] expected = wanted.toFloatArray();
    float largest = 1e-3f;
    for (float x : expected) {
      largest = Math.max(largest, Math.abs(x));
    }
    assertThat(got.toFloatArray()).containsExactly(expected, within(2e-5f * largest));
  }
}
