package io.t3d.losses;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.BaseNDManager;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ContrastiveLossTest {
  private final NDManager manager = TestDevice.manager();
  private final ContrastiveLoss loss = new ContrastiveLoss();

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void twoOrthogonalPairsGiveTheValueOfPaperAndPencil() {
    // logits = 2·I, so every softmax is e²/(e² + 1) on the diagonal.
    NDArray identity = manager.eye(2);
    NDArray logTwo = manager.create((float) Math.log(2));
    assertThat((double) loss.compute(identity, identity, logTwo).getFloat())
        .isCloseTo(Math.log(1 + Math.exp(-2)), within(1e-6));
  }

  @Test
  void valuesAndGradientsEqualTheReference() {
    for (JsonNode c : Golden.read("contrastive.json")) {
      NDArray image = Golden.leaf(manager, c.get("image"));
      NDArray text = Golden.leaf(manager, c.get("text"));
      NDArray scale = manager.create((float) c.get("logitScale").asDouble());
      List<String> patients = new ArrayList<>();
      c.get("patients").forEach(p -> patients.add(p.asText()));
      ContrastiveLoss smoothed = new ContrastiveLoss(c.get("labelSmoothing").asDouble());
      float value =
          Outputs.backward(
              List.of(image, text, scale), () -> smoothed.compute(image, text, scale, patients));
      assertThat((double) value).isCloseTo(c.get("loss").asDouble(), within(2e-5));
      Golden.assertClose(image.getGradient(), c.get("imageGradient"), 1e-4, "image gradient");
      Golden.assertClose(text.getGradient(), c.get("textGradient"), 1e-4, "text gradient");
      assertThat((double) scale.getGradient().getFloat())
          .isCloseTo(c.get("logitScaleGradient").asDouble(), within(1e-4));
    }
  }

  @Test
  void equalsADoubleLoopOverPairs() {
    SplittableRandom random = new SplittableRandom(3);
    NDArray image = Outputs.unitRows(manager, random, 6);
    NDArray text = Outputs.unitRows(manager, random, 6);
    double scale = 3;
    float actual = loss.compute(image, text, manager.create((float) scale)).getFloat();
    assertThat((double) actual).isCloseTo(doubleLoop(image, text, Math.exp(scale)), within(1e-5));
  }

  private static double doubleLoop(NDArray image, NDArray text, double scale) {
    int b = (int) image.getShape().get(0);
    double sum = 0;
    for (int i = 0; i < b; i++) {
      double rowSum = 0;
      double columnSum = 0;
      for (int j = 0; j < b; j++) {
        rowSum += Math.exp(scale * dot(image, i, text, j));
        columnSum += Math.exp(scale * dot(image, j, text, i));
      }
      sum += 2 * scale * dot(image, i, text, i) - Math.log(rowSum) - Math.log(columnSum);
    }
    return -sum / (2 * b);
  }

  private static double dot(NDArray a, int i, NDArray b, int j) {
    double sum = 0;
    for (int e = 0; e < Outputs.E; e++) {
      sum += (double) a.getFloat(i, e) * b.getFloat(j, e);
    }
    return sum;
  }

  @Test
  void theGradientEqualsFiniteDifferences() {
    SplittableRandom random = new SplittableRandom(4);
    NDArray image = Outputs.unitRows(manager, random, 4);
    NDArray text = Outputs.unitRows(manager, random, 4);
    NDArray scale = manager.create(1f);
    Outputs.backward(List.of(image, text, scale), () -> loss.compute(image, text, scale));
    float[] gradient = image.getGradient().toFloatArray();
    float[] values = image.toFloatArray();
    float h = 5e-3f;
    for (int i = 0; i < values.length; i++) {
      double slope =
          (lossAt(values, i, h, text, scale) - lossAt(values, i, -h, text, scale)) / (2 * h);
      assertThat((double) gradient[i]).isCloseTo(slope, within(1e-3));
    }
  }

  private double lossAt(float[] values, int i, float step, NDArray text, NDArray scale) {
    float[] moved = values.clone();
    moved[i] += step;
    return loss.compute(manager.create(moved, text.getShape()), text, scale).getFloat();
  }

  @Test
  void staysFiniteAtTemperatureOneHundredth() {
    NDArray image = manager.eye(3);
    NDArray opposite = image.neg(); // the worst case: true pairs at cosine -1
    NDArray scale = manager.create((float) Math.log(100));
    float value =
        Outputs.backward(
            List.of(image, opposite, scale), () -> loss.compute(image, opposite, scale));
    assertThat((double) value).isCloseTo(100 + Math.log(2), within(1e-3));
    assertThat(image.getGradient().isNaN().any().getBoolean()).isFalse();
    assertThat(scale.getGradient().isNaN().any().getBoolean()).isFalse();
  }

  @Test
  void theOrderOfPairsAndTheDirectionDoNotMatter() {
    SplittableRandom random = new SplittableRandom(5);
    NDArray image = Outputs.unitRows(manager, random, 4);
    NDArray text = Outputs.unitRows(manager, random, 4);
    NDArray scale = manager.create(2f);
    NDArray order = manager.create(new long[] {2, 0, 3, 1});
    float straight = loss.compute(image, text, scale).getFloat();
    assertThat(loss.compute(image.get(order), text.get(order), scale).getFloat())
        .isCloseTo(straight, within(1e-5f));
    assertThat(loss.compute(text, image, scale).getFloat()).isCloseTo(straight, within(1e-5f));
  }

  @Test
  void pairsOfOnePatientAreNoNegativesOfEachOther() {
    SplittableRandom random = new SplittableRandom(6);
    NDArray image = Outputs.unitRows(manager, random, 3);
    NDArray text = Outputs.unitRows(manager, random, 3);
    NDArray scale = manager.create(1f);
    // All of one patient: only the diagonal is left, whose softmax is 1.
    assertThat(loss.compute(image, text, scale, List.of("p", "p", "p")).getFloat()).isZero();
    float unmasked = loss.compute(image, text, scale).getFloat();
    assertThat(loss.compute(image, text, scale, List.of("p", "q", "r")).getFloat())
        .isEqualTo(unmasked);
    assertThat(loss.compute(image, text, scale, List.of("p", "p", "r")).getFloat())
        .isLessThan(unmasked);
  }

  @Test
  void aPairAloneHasNoLoss() {
    NDArray one = Outputs.unitRows(manager, new SplittableRandom(7), 1);
    assertThat(loss.compute(one, one, manager.create(1f)).getFloat()).isZero();
  }

  @Test
  void nothingIsLeftInTheManagerOfTheLogitScale() {
    NDArray scale = manager.create(new float[] {2f});
    try (NDManager batch = manager.newSubManager()) {
      NDArray image = Outputs.unitRows(batch, new SplittableRandom(8), 3);
      NDArray value = loss.compute(image, image, scale, List.of("p", "p", "q"));
      assertThat(value.getManager()).isSameAs(batch);
      assertThat(value.getShape()).isEqualTo(new Shape());
    }
    assertThat(((BaseNDManager) manager).getManagedArrays()).containsExactly(scale);
  }

  @Test
  void wrongInputsAreNamed() {
    NDArray image = manager.ones(new Shape(3, 4));
    NDArray scale = manager.create(1f);
    assertThatThrownBy(() -> loss.compute(image, manager.ones(new Shape(3, 5)), scale))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage(
            "textEmbeddings must be (B, E) = (3, 4), got (3, 5); it must be as large as"
                + " imageEmbeddings: one row per pair, and both projected to T3DConfig.embedDim");
    assertThatThrownBy(() -> loss.compute(manager.ones(new Shape(3)), image, scale))
        .hasMessage("imageEmbeddings must be (B, E), got (3); give one row per pair");
    assertThatThrownBy(() -> loss.compute(image, image, manager.ones(new Shape(2))))
        .hasMessage("logitScale must be a scalar, got (2)");
    assertThatThrownBy(() -> loss.compute(image, image, scale, List.of("p")))
        .hasMessage("patientIds must name the patient of each of the B = 3 pairs, got 1 ids");
    assertThatThrownBy(() -> loss.compute(image.toType(DataType.FLOAT16, false), image, scale))
        .hasMessage(
            "imageEmbeddings must be float32, got float16; compute losses outside autocast and"
                + " cast the model's output to float32");
    assertThatThrownBy(() -> new ContrastiveLoss(1))
        .hasMessage("labelSmoothing must be in [0.0, 0.999], got 1.0");
    assertThatCode(() -> new ContrastiveLoss(0.1)).doesNotThrowAnyException();
  }
}
