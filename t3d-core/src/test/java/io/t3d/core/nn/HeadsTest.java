package io.t3d.core.nn;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.GradientCollector;
import ai.djl.training.ParameterStore;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class HeadsTest {
  private final NDManager manager = NDManager.newBaseManager();
  private final ParameterStore parameters = new ParameterStore(manager, false);

  @AfterEach
  void close() {
    manager.close();
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

  @Test
  void fusionWithClosedGatesLeavesTheVisualTokens() {
    TextInformedFusion fusion = init(new TextInformedFusion(8, 6, 2, 0));
    NDArray visual = manager.randomNormal(new Shape(4, 3, 8));
    NDArray out = fuse(fusion, visual, manager.randomNormal(new Shape(2, 5, 6)), ones(2, 5));
    assertThat(out.toFloatArray()).isEqualTo(visual.toFloatArray());
  }

  @Test
  void fusionGivesEveryViewTheTextOfItsOwnPair() {
    TextInformedFusion fusion = init(new TextInformedFusion(8, 6, 2, 0.5));
    NDArray visual = manager.randomNormal(new Shape(4, 3, 8)); // two views of two pairs
    NDArray text = manager.randomNormal(new Shape(2, 5, 6));
    NDArray all = fuse(fusion, visual, text, ones(2, 5));
    for (int row = 0; row < 4; row++) {
      int pair = row % 2;
      NDArray one =
          fuse(
              fusion,
              visual.get(row + ":" + (row + 1)),
              text.get(pair + ":" + (pair + 1)),
              ones(1, 5));
      assertThat(one.allClose(all.get(row + ":" + (row + 1)), 1e-4, 1e-5, false)).isTrue();
    }
  }

  @Test
  void fusionDoesNotSeePadding() {
    TextInformedFusion fusion = init(new TextInformedFusion(8, 6, 2, 0.5));
    NDArray visual = manager.randomNormal(new Shape(1, 3, 8));
    NDArray text = manager.randomNormal(new Shape(1, 5, 6));
    NDArray mask = manager.create(new long[] {1, 1, 1, 0, 0}, new Shape(1, 5));
    NDArray cut = fuse(fusion, visual, text.get(":, :3"), ones(1, 3));
    assertThat(fuse(fusion, visual, text, mask).allClose(cut, 1e-4, 1e-5, false)).isTrue();
  }

  @Test
  void fusionAddsItsValuesByItsAttentionWeights() {
    TextInformedFusion fusion = init(new TextInformedFusion(8, 6, 2, 0.5));
    fusion.getDirectParameters().get("mlp_gate").getArray().muli(0); // the attention alone
    NDArray visual = manager.randomNormal(new Shape(4, 3, 8)); // two views of two pairs
    NDArray text = manager.randomNormal(new Shape(2, 5, 6));
    NDArray mask = manager.create(new long[] {1, 1, 1, 0, 0, 1, 1, 1, 1, 1}, new Shape(2, 5));

    NDArray weights = fusion.attention(parameters, visual, text, mask);
    assertThat(weights.getShape()).isEqualTo(new Shape(4, 2, 3, 5));
    for (float sum : weights.sum(new int[] {3}).toFloatArray()) {
      assertThat(sum).isCloseTo(1f, within(1e-5f));
    }
    assertThat(weights.get("0, :, :, 3:").toFloatArray()).containsOnly(0f);
    assertThat(weights.get("2, :, :, 3:").toFloatArray()).containsOnly(0f);

    NDArray values =
        apply(fusion, "value", apply(fusion, "text_norm", apply(fusion, "text", text)));
    NDArray heads =
        values.concat(values).reshape(4, 5, 2, 4).transpose(0, 2, 1, 3); // (V·B, A, L, d)
    NDArray joined = weights.matMul(heads).transpose(0, 2, 1, 3).reshape(4, 3, 8);
    NDArray expected = visual.add(apply(fusion, "output", joined).mul(0.5f));
    assertThat(fuse(fusion, visual, text, mask).allClose(expected, 1e-4, 1e-5, false)).isTrue();
  }

  private NDArray apply(TextInformedFusion fusion, String child, NDArray x) {
    for (String key : fusion.getChildren().keys()) {
      if (key.endsWith(child) && key.substring(0, key.length() - child.length()).matches("\\d*")) {
        return fusion
            .getChildren()
            .get(key)
            .forward(parameters, new NDList(x), false)
            .singletonOrThrow();
      }
    }
    throw new AssertionError("no child " + child + " in " + fusion.getChildren().keys());
  }

  @Test
  void fusionOfAnUnevenNumberOfViewsIsAnError() {
    TextInformedFusion fusion = init(new TextInformedFusion(8, 6, 2, 0.5));
    NDArray visual = manager.ones(new Shape(3, 3, 8));
    NDArray text = manager.ones(new Shape(2, 5, 6));
    assertThatThrownBy(() -> fuse(fusion, visual, text, ones(2, 5)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("visual must hold V views of each of the 2 reports, got 3 rows");
  }

  private NDArray fuse(TextInformedFusion fusion, NDArray visual, NDArray text, NDArray mask) {
    return fusion.fuse(parameters, visual, text, mask, false);
  }

  private NDArray ones(long... shape) {
    return manager.ones(new Shape(shape), DataType.INT64);
  }

  private <B extends Block> B init(B block) {
    Engine.getInstance().setRandomSeed(3);
    block.initialize(manager, DataType.FLOAT32, new Shape(1, 1));
    return block;
  }
}
