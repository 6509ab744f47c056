package io.t3d.losses;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import com.fasterxml.jackson.databind.JsonNode;
import io.t3d.core.train.LossTerms;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** SigLIP, NT-Xent and VICReg against PyTorch; see make_baseline_goldens.py. */
class BaselineLossesTest {
  private final NDManager manager = TestDevice.manager();

  @AfterEach
  void close() {
    manager.close();
  }

  private static List<String> patients(JsonNode c) {
    List<String> ids = new ArrayList<>();
    c.get("patients").forEach(p -> ids.add(p.asText()));
    return ids;
  }

  private static void assertLoss(float actual, JsonNode c) {
    double wanted = c.get("loss").asDouble();
    assertThat((double) actual).isCloseTo(wanted, within(2e-5 * Math.max(1, Math.abs(wanted))));
  }

  @Test
  void siglipEqualsTheReferenceInValueAndGradients() {
    for (JsonNode c : Golden.read("siglip.json")) {
      NDArray image = Golden.leaf(manager, c.get("image"));
      NDArray text = Golden.leaf(manager, c.get("text"));
      NDArray scale = manager.create((float) c.get("logitScale").asDouble());
      NDArray bias = manager.create((float) c.get("bias").asDouble());
      float value =
          Outputs.backward(
              List.of(image, text, scale, bias),
              () -> new SigLipLoss().compute(image, text, scale, bias, patients(c)));
      assertLoss(value, c);
      Golden.assertClose(image.getGradient(), c.get("imageGradient"), 2e-4, "image gradient");
      Golden.assertClose(text.getGradient(), c.get("textGradient"), 2e-4, "text gradient");
      double scaleGradient = c.get("logitScaleGradient").asDouble();
      assertThat((double) scale.getGradient().getFloat())
          .isCloseTo(scaleGradient, within(1e-4 * Math.max(1, Math.abs(scaleGradient))));
      assertThat((double) bias.getGradient().getFloat())
          .isCloseTo(c.get("biasGradient").asDouble(), within(1e-4));
    }
  }

  @Test
  void ntXentEqualsTheReferenceInValueAndGradients() {
    for (JsonNode c : Golden.read("ntxent.json")) {
      NDArray first = Golden.leaf(manager, c.get("first"));
      NDArray second = Golden.leaf(manager, c.get("second"));
      NtXentLoss loss = new NtXentLoss(c.get("temperature").asDouble());
      float value =
          Outputs.backward(List.of(first, second), () -> loss.compute(first, second, patients(c)));
      assertLoss(value, c);
      Golden.assertClose(first.getGradient(), c.get("firstGradient"), 2e-4, "first gradient");
      Golden.assertClose(second.getGradient(), c.get("secondGradient"), 2e-4, "second gradient");
    }
  }

  @Test
  void vicRegEqualsTheReferenceInValuePartsAndGradients() {
    for (JsonNode c : Golden.read("vicreg.json")) {
      NDArray first = Golden.leaf(manager, c.get("first"));
      NDArray second = Golden.leaf(manager, c.get("second"));
      double[] w = Golden.doubles(c.get("weights"));
      VicRegLoss loss = new VicRegLoss(w[0], w[1], w[2]);
      Map<String, NDArray> parts = loss.compute(first, second).parts();
      parts.forEach(
          (name, part) ->
              assertThat((double) part.getFloat())
                  .as(name)
                  .isCloseTo(c.get(name).asDouble(), within(1e-5)));
      assertThat(parts.keySet()).containsExactly("invariance", "variance", "covariance");
      float value =
          Outputs.backward(List.of(first, second), () -> loss.compute(first, second).total());
      assertLoss(value, c);
      Golden.assertClose(first.getGradient(), c.get("firstGradient"), 2e-4, "first gradient");
      Golden.assertClose(second.getGradient(), c.get("secondGradient"), 2e-4, "second gradient");
    }
  }

  @Test
  void siglipStaysFiniteWhereASigmoidWouldRound() {
    NDArray image = manager.eye(2);
    NDArray scale = manager.create((float) Math.log(100));
    float value =
        new SigLipLoss()
            .compute(image, image.neg(), scale, manager.create(0f), List.of("a", "b"))
            .getFloat();
    // softplus(100) for each of two positives, softplus(0) for each of two negatives, over B = 2.
    assertThat((double) value).isCloseTo(100 + Math.log(2), within(1e-4));
  }

  @Test
  void vicRegIsZeroForEqualViewsWithMoreThanUnitSpreadAndNoCovariance() {
    // Small whole numbers: float32 holds every product and sum, so their order does not matter.
    NDArray z = manager.create(new float[][] {{1, 1}, {1, -1}, {-1, 1}, {-1, -1}});
    LossTerms terms = new VicRegLoss().compute(z, z);
    // A GPU's reductions leave some 1e-17.
    assertThat(terms.total().getFloat())
        .isCloseTo(0, within(TestDevice.get().isGpu() ? 1e-12f : 0f));
  }

  @Test
  void wrongShapesAreNamed() {
    NDArray two = manager.ones(new ai.djl.ndarray.types.Shape(2, 3));
    NDArray three = manager.ones(new ai.djl.ndarray.types.Shape(3, 3));
    assertThatThrownBy(() -> new NtXentLoss(0.1).compute(two, three, List.of("a", "b")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("second must be (B, F) = (2, 3), got (3, 3)");
    assertThatThrownBy(() -> new NtXentLoss(0.1).compute(two, two, List.of("a")))
        .hasMessageContaining("each of the B = 2 pairs, got 1 ids");
    NDArray one = manager.ones(new ai.djl.ndarray.types.Shape(1, 3));
    assertThatThrownBy(() -> new VicRegLoss().compute(one, one))
        .hasMessageContaining("needs at least 2 pairs");
  }
}
