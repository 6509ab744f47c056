package io.t3d.losses;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.within;

import ai.djl.engine.Engine;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.training.GradientCollector;
import com.fasterxml.jackson.databind.JsonNode;
import io.t3d.losses.DiceCrossEntropyLoss.Settings;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class DiceCrossEntropyLossTest {
  private final NDManager manager = TestDevice.manager();

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void equalsMonaiInValueAndGradient() {
    for (JsonNode c : Golden.read("dice_ce.json")) {
      Settings settings =
          new Settings(
              c.get("includeBackground").asBoolean(),
              c.get("batch").asBoolean(),
              c.get("smoothNumerator").asDouble(),
              c.get("smoothDenominator").asDouble(),
              c.get("diceWeight").asDouble(),
              c.get("crossEntropyWeight").asDouble());
      NDArray logits = Golden.leaf(manager, c.get("logits"));
      NDArray target = Golden.array(manager, c.get("target")).toType(DataType.INT64, false);
      try (GradientCollector collector = Engine.getInstance().newGradientCollector()) {
        NDArray loss = new DiceCrossEntropyLoss(settings).compute(logits, target);
        assertThat(loss.getFloat())
            .as(settings.toString())
            .isCloseTo((float) c.get("loss").asDouble(), within(2e-6f));
        collector.backward(loss);
      }
      Golden.assertClose(logits.getGradient(), c.get("gradient"), 2e-6, settings.toString());
    }
  }

  private NDArray logits(float... values) {
    return manager.create(values, new Shape(1, 2, 1, 1, values.length / 2));
  }

  private NDArray target(long... classes) {
    return manager.create(classes, new Shape(1, 1, 1, classes.length));
  }

  @Test
  void isZeroForASurePredictionThatIsRight() {
    NDArray sure = logits(200, -200, -200, 200);
    NDArray loss = new DiceCrossEntropyLoss().compute(sure, target(0, 1));
    assertThat(loss.getFloat()).isCloseTo(0, within(1e-6f));
    NDArray wrong = new DiceCrossEntropyLoss().compute(sure, target(1, 0));
    assertThat(wrong.getFloat()).isCloseTo(401, within(1e-2f)); // 400 nats and Dice 0
  }

  @Test
  void ignoredVoxelsDoNotCount() {
    NDArray three = logits(0.5f, 1, 7, -1, 2, -9);
    NDArray two = logits(0.5f, 1, -1, 2);
    DiceCrossEntropyLoss loss = new DiceCrossEntropyLoss();
    assertThat(loss.compute(three, target(0, 1, -1)).getFloat())
        .isCloseTo(loss.compute(two, target(0, 1)).getFloat(), within(1e-6f));
    assertThat(loss.compute(two, target(-1, -1)).getFloat()).isFinite();
  }

  @Test
  void refusesWhatDoesNotFit() {
    DiceCrossEntropyLoss loss = new DiceCrossEntropyLoss();
    assertThatIllegalArgumentException()
        .isThrownBy(() -> loss.compute(logits(1, 2, 3, 4), target(0, 2)))
        .withMessage("target must be below K = 2, got 2");
    assertThatIllegalArgumentException()
        .isThrownBy(() -> loss.compute(logits(1, 2, 3, 4), target(0, 1, 1)))
        .withMessage(
            "target must be (B, D, H, W) = (1, 1, 1, 2), got (1, 1, 1, 3); it must hold one class"
                + " per voxel of the logits, not one-hot");
  }

  @Test
  void leavesNothingBehind() {
    NDArray logits = logits(1, 2, 3, 4);
    NDArray target = target(0, 1);
    int before = manager.getManagedArrays().size();
    new DiceCrossEntropyLoss().compute(logits, target).close();
    assertThat(manager.getManagedArrays()).hasSize(before);
  }
}
