package io.t3d.core.nn.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import io.t3d.core.T3dException;
import io.t3d.core.TestDevice;
import io.t3d.core.config.T3DConfig.Projection;
import io.t3d.core.nn.LogitScale;
import io.t3d.core.nn.StateDict;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class HeadsTest {
  private final NDManager manager = TestDevice.manager();
  private final ParameterStore parameters = new ParameterStore(manager, false);

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void aBatchNormHasNothingToLearnFromOneRow() {
    ProjectionHead head = new ProjectionHead(4, 3, true);
    head.initialize(manager, DataType.FLOAT32, new Shape(2, 4));
    NDArray one = manager.ones(new Shape(1, 4));
    assertThat(head.project(parameters, one, false).getShape()).isEqualTo(new Shape(1, 3));
    assertThatThrownBy(() -> head.project(parameters, one, true))
        .isInstanceOf(T3dException.class)
        .hasMessage(
            "The batch norm of a projection needs at least 2 rows to train on, got features (1, 3);"
                + " train with a batch of at least 2");
  }

  @Test
  void theLogitScaleStartsAtTheInverseTemperature() {
    LogitScale scale = init(new LogitScale(0.07));
    assertThat(scale.value(parameters, manager, false).getFloat())
        .isCloseTo((float) Math.log(1 / 0.07), within(1e-6f));
  }

  @Test
  void theLogitScaleIsBoundedAndItsGradientIsNot() {
    LogitScale scale = init(new LogitScale(0.001));
    Parameter stored = scale.getDirectParameters().valueAt(0);
    try (GradientCollector gradients = Engine.getInstance().newGradientCollector()) {
      NDArray value = scale.value(parameters, manager, true);
      assertThat(value.getFloat()).isCloseTo((float) Math.log(100), within(1e-5f));
      gradients.backward(value.mul(3));
    }
    assertThat(stored.getArray().getGradient().getFloat()).isEqualTo(3f);
  }

  @Test
  void prototypesAreUnitRowsWhateverIsStored() {
    Prototypes prototypes = init(new Prototypes(50, 8));
    prototypes.getDirectParameters().valueAt(0).getArray().muli(7);
    NDArray norms = prototypes.rows(parameters, manager, false).norm(new int[] {1});
    for (float norm : norms.toFloatArray()) {
      assertThat(norm).isCloseTo(1f, within(1e-5f));
    }
  }

  @Test
  void usingPrototypesAndLogitScaleDoesNotGrowTheModelsManager() {
    Prototypes prototypes = init(new Prototypes(5, 4));
    LogitScale scale = init(new LogitScale(0.07));
    int before = manager.getManagedArrays().size();
    try (NDManager batch = manager.newSubManager()) {
      prototypes.rows(new ParameterStore(batch, false), batch, false);
      scale.value(new ParameterStore(batch, false), batch, false);
    }
    assertThat(manager.getManagedArrays()).hasSize(before);
  }

  @Test
  void projectingCommutesWithTheMeanOfTokens() {
    ProjectionHead head = init(new ProjectionHead(6, 4));
    NDArray tokens = manager.randomNormal(new Shape(2, 5, 6));
    NDArray a = head.project(parameters, tokens, false).mean(new int[] {1});
    NDArray b = head.project(parameters, tokens.mean(new int[] {1}), false);
    assertThat(a.allClose(b, 1e-4, 1e-5, false)).isTrue();
  }

  @Test
  void aMapPerPlaceIsOneMapOfTheFlattenedMeanSlab() {
    ProjectionHead head = init(new ProjectionHead(6, 4, Projection.LINEAR_PER_PLACE, 5));
    NDArray tokens = manager.randomNormal(new Shape(2, 15, 6)); // 3 slabs of 5 places
    NDArray flat = tokens.reshape(2, 3, 30).mean(new int[] {1}); // (B, P·C)
    NDArray w = head.getDirectParameters().valueAt(0).getArray(); // (E, P·C)
    assertThat(w.getShape()).isEqualTo(new Shape(4, 30));
    NDArray projected = head.project(parameters, tokens, false); // (B, N, E)
    assertThat(
            projected.mean(new int[] {1}).allClose(flat.matMul(w.transpose()), 1e-4, 1e-5, false))
        .isTrue();
    assertThatThrownBy(() -> head.project(parameters, manager.zeros(new Shape(2, 14, 6)), false))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("a multiple of the 5 places of a slab, got (2, 14, 6)");
  }

  @Test
  void aHeadMayHaveABiasOrDoNothing() {
    ProjectionHead biased = init(new ProjectionHead(6, 4, Projection.LINEAR_BIAS, 0));
    StateDict.of(biased).get("bias").getArray().addi(3);
    NDArray zeros = biased.project(parameters, manager.zeros(new Shape(2, 6)), false);
    assertThat(zeros.toFloatArray()).containsOnly(3);

    ProjectionHead none = init(new ProjectionHead(6, 6, Projection.NONE, 0));
    NDArray x = manager.randomNormal(new Shape(2, 6));
    try (NDArray same = none.project(parameters, x, false)) {
      assertThat(same.toFloatArray()).isEqualTo(x.toFloatArray());
    }
    assertThat(x.isReleased()).isFalse();
    assertThat(StateDict.of(none)).isEmpty();
  }

  @Test
  void batchNormTakesTheCommonPartOutOfAllRows() {
    ProjectionHead head = init(new ProjectionHead(6, 4, true));
    NDArray common = manager.randomNormal(new Shape(6)).add(20);
    NDArray tokens = manager.randomNormal(new Shape(8, 5, 6)).add(common); // (B, N, C)
    NDArray rows = head.project(parameters, tokens, true).reshape(-1, 4);
    for (float mean : rows.mean(new int[] {0}).toFloatArray()) {
      assertThat(mean).isCloseTo(0f, within(1e-3f));
    }
    for (float variance : rows.square().mean(new int[] {0}).toFloatArray()) {
      assertThat(variance).isCloseTo(1f, within(1e-2f));
    }
    assertThat(StateDict.of(head).keySet())
        .containsExactlyInAnyOrder(
            "weight", "norm.weight", "norm.bias", "norm.running_mean", "norm.running_var");
  }

  @Test
  void inInferenceBatchNormTreatsEveryRowAlone() {
    ProjectionHead head = init(new ProjectionHead(6, 4, true));
    NDArray features = manager.randomNormal(new Shape(3, 6));
    head.project(parameters, features, true); // moves the running statistics
    NDArray all = head.project(parameters, features, false);
    NDArray one = head.project(parameters, features.get("1:2"), false);
    assertThat(one.allClose(all.get("1:2"), 1e-5, 1e-6, false)).isTrue();
  }

  private <B extends Block> B init(B block) {
    Engine.getInstance().setRandomSeed(3);
    block.initialize(manager, DataType.FLOAT32, new Shape(1, 1));
    return block;
  }
}
