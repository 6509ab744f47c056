package io.t3d.losses.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.torch.TorchBridge;
import io.t3d.core.torch.internal.GradientSlot;
import io.t3d.losses.Outputs;
import io.t3d.losses.TestDevice;
import io.t3d.losses.kernel.PrototypePrediction.Predicted;
import io.t3d.losses.kernel.PrototypePrediction.Rows;
import io.t3d.losses.kernel.PrototypePrediction.Target;
import io.t3d.losses.kernel.PrototypePrediction.Weights;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PrototypePredictionTest {
  private static final double TEMPERATURE = 0.1;

  private final NDManager manager = TestDevice.manager();

  @BeforeEach
  void seed() {
    Engine.getInstance().setRandomSeed(3);
  }

  @AfterEach
  void close() {
    manager.close();
  }

  private record Run(Predicted values, List<float[]> gradients) {}

  /** Also more rows than a block has, and the last block not full. */
  @ParameterizedTest
  @CsvSource({"5, 3, 4, 0.7, 0", "5, 3, 4, 0, 0.5", "40, 17, 8, 1, 0.1", "1100, 512, 16, 1, 0.1"})
  void theFusedFormHasThePlainOnesValuesAndGradients(
      int n, int k, int e, double crossEntropy, double divergence) {
    assumeTrue(TorchBridge.available());
    NDArray prototypes = manager.randomNormal(new Shape(k, e)).normalize(2, 1).stopGradient();
    List<Rows> parts = List.of(rows(n, k, e, 2), rows(n / 2 + 1, k, e, 1));
    Weights weights = new Weights(crossEntropy, divergence);

    Run fused = run(PrototypePrediction.fused(TEMPERATURE), parts, prototypes, weights);
    Run plain = run(PrototypePrediction.plain(TEMPERATURE), parts, prototypes, weights);

    assertClose(fused.values().loss().toFloatArray(), plain.values().loss().toFloatArray());
    assertClose(
        fused.values().crossEntropy().toFloatArray(), plain.values().crossEntropy().toFloatArray());
    // The difference of two numbers near log K.
    assertThat(fused.values().divergence().getFloat())
        .isCloseTo(plain.values().divergence().getFloat(), within(2e-6f));
    assertThat(fused.values().matched().getFloat())
        .isEqualTo(plain.values().matched().getFloat())
        .isBetween(0.3f, 0.9f);
    for (int i = 0; i < fused.gradients().size(); i++) {
      assertClose(fused.gradients().get(i), plain.gradients().get(i));
    }
  }

  /** Gradients of the prototypes, then of each part's features. */
  private static Run run(
      PrototypePrediction form, List<Rows> parts, NDArray prototypes, Weights weights) {
    List<NDArray> leaves = new ArrayList<>(List.of(prototypes));
    parts.forEach(part -> leaves.add(part.features()));
    Predicted[] values = new Predicted[1];
    Outputs.backward(
        leaves,
        () -> {
          values[0] = form.predict(parts, prototypes, weights);
          return values[0].loss();
        });
    List<float[]> gradients = leaves.stream().map(x -> x.getGradient().toFloatArray()).toList();
    leaves.forEach(GradientSlot::free);
    return new Run(values[0], gradients);
  }

  @Test
  void withoutAGradientCollectorNoGradientIsMade() {
    assumeTrue(TorchBridge.available());
    NDArray prototypes = manager.randomNormal(new Shape(3, 4)).normalize(2, 1);
    PredictionBlocks.Summed summed =
        new FusedPrediction(TEMPERATURE)
            .summed(List.of(rows(5, 3, 4, 1)), prototypes, new Weights(1, 1));
    assertThat(summed.prototypes()).isEmpty();
    assertThat(summed.features()).isEmpty();
    assertThat(summed.crossEntropy().getFloat()).isPositive();
  }

  @Test
  void wrongSettingsAndShapesAreNamed() {
    assertThatThrownBy(() -> PrototypePrediction.best(0))
        .hasMessage("temperature must be > 0, got 0.0");
    NDArray prototypes = manager.ones(new Shape(3, 5));
    assertThatThrownBy(
            () ->
                PrototypePrediction.best(TEMPERATURE)
                    .predict(List.of(rows(5, 3, 4, 1)), prototypes, new Weights(1, 1)))
        .hasMessage("features must be (N, E) = (N, 5), got (5, 4); E is that of the prototypes");
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

  private static void assertClose(float[] got, float[] wanted) {
    float largest = 1e-3f;
    for (float x : wanted) {
      largest = Math.max(largest, Math.abs(x));
    }
    assertThat(got).containsExactly(wanted, within(2e-5f * largest));
  }
}
