package io.t3d.core.task.classify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.BaseNDManager;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.TestDevice;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ZeroShotClassifierTest {
  private static final Map<String, float[]> TEXTS =
      Map.of(
          "mass", new float[] {1, 0, 0},
          "tumour", new float[] {0, 5, 0},
          "no mass", new float[] {0, 0, 1},
          "effusion", new float[] {0, 1, 0},
          "no effusion", new float[] {-1, 0, 0});
  private static final List<FindingPrompts> PROMPTS =
      List.of(
          new FindingPrompts("mass", List.of("mass", "tumour"), List.of("no mass")),
          new FindingPrompts("effusion", List.of("effusion"), List.of("no effusion")));

  private final NDManager manager = TestDevice.manager();

  @AfterEach
  void close() {
    manager.close();
  }

  private NDArray encode(List<String> texts) {
    return manager.create(texts.stream().map(TEXTS::get).toArray(float[][]::new));
  }

  @Test
  void probabilitiesEqualThoseOfPaperAndPencil() {
    ZeroShotClassifier classifier = ZeroShotClassifier.create(this::encode, PROMPTS, Math.log(10));
    double[][] p = classifier.classify(new float[][] {{2, 0, 0}, {0, 0, 1}});
    // mass: each prompt counts the same whatever its length, so w+ = (1, 1, 0)/√2, w- = (0, 0, 1).
    double half = Math.sqrt(0.5);
    assertThat(p[0][0]).isCloseTo(1 / (1 + Math.exp(-10 * half)), within(1e-6));
    assertThat(p[1][0]).isCloseTo(1 / (1 + Math.exp(10)), within(1e-6));
    // effusion: cos 0 and -1, then 0 and 0.
    assertThat(p[0][1]).isCloseTo(1 / (1 + Math.exp(-10)), within(1e-6));
    assertThat(p[1][1]).isEqualTo(0.5);
    assertThat(classifier.findings()).containsExactly("mass", "effusion");
  }

  @Test
  void arraysAndRowsGiveTheSameAndLengthDoesNotMatter() {
    ZeroShotClassifier classifier = ZeroShotClassifier.create(this::encode, PROMPTS, 1);
    float[][] rows = {{0.3f, -0.2f, 0.9f}, {3f, -2f, 9f}};
    double[][] p = classifier.classify(manager.create(rows));
    assertThat(p).isDeepEqualTo(classifier.classify(rows));
    assertThat(p[0]).containsExactly(p[1], within(1e-6));
  }

  @Test
  void logitsTellVolumesApartThatAllHaveProbabilityOne() {
    ZeroShotClassifier classifier = ZeroShotClassifier.create(this::encode, PROMPTS, Math.log(100));
    float[][] rows = {{1, 0, 0}, {1, 0.9f, 0}, {-0.1f, 0.2f, 1}};
    double[][] logits = classifier.logits(rows);
    double[][] p = classifier.classify(rows);
    assertThat(p[0][0]).isEqualTo(1).isEqualTo(p[1][0]);
    assertThat(logits[0][0]).isLessThan(logits[1][0]);
    for (int i = 0; i < rows.length; i++) {
      for (int label = 0; label < 2; label++) {
        assertThat(p[i][label]).isEqualTo(1 / (1 + Math.exp(-logits[i][label])));
      }
    }
  }

  @Test
  void anEmptyEmbeddingIsUndecided() {
    ZeroShotClassifier classifier = ZeroShotClassifier.create(this::encode, PROMPTS, 1);
    assertThat(classifier.classify(new float[1][3])[0]).containsExactly(0.5, 0.5);
  }

  @Test
  void theEncodersArraysAreClosed() {
    ZeroShotClassifier.create(this::encode, PROMPTS, 1);
    assertThat(((BaseNDManager) manager).getManagedArrays()).isEmpty();
  }

  @Test
  void thePresetPromptsNameTheFinding() {
    FindingPrompts prompts = FindingPrompts.of("pleural effusion");
    assertThat(prompts.positive()).hasSize(3).allMatch(t -> t.contains("pleural effusion"));
    assertThat(prompts.negative()).hasSize(3).contains("There is no pleural effusion.");
  }

  @Test
  void wrongInputsAreNamed() {
    assertThatThrownBy(() -> ZeroShotClassifier.create(this::encode, List.of(), 1))
        .hasMessage("Zero-shot classification needs findings with different names, got []");
    List<FindingPrompts> twice = List.of(PROMPTS.get(0), PROMPTS.get(0));
    assertThatThrownBy(() -> ZeroShotClassifier.create(this::encode, twice, 1))
        .hasMessage(
            "Zero-shot classification needs findings with different names, got [mass, mass]");
    assertThatThrownBy(() -> ZeroShotClassifier.create(this::encode, PROMPTS, Double.NaN))
        .hasMessage("logitScale must be finite, got NaN");
    assertThatThrownBy(
            () -> ZeroShotClassifier.create(t -> manager.ones(new Shape(5, 3)), PROMPTS, 1))
        .hasMessage(
            "The encoder's embeddings must be (n, E) = (2, E), got (5, 3); one row per text");
    ZeroShotClassifier classifier = ZeroShotClassifier.create(this::encode, PROMPTS, 1);
    assertThatThrownBy(() -> classifier.classify(manager.ones(new Shape(2, 4))))
        .hasMessage(
            "imageEmbeddings must be (B, E) = (B, 3), got (2, 4); image and text embeddings must"
                + " come from one model");
    assertThatThrownBy(() -> classifier.classify(new float[1][4]))
        .hasMessage(
            "imageEmbeddings must have E = 3 columns, got 4 in row 0; image and text embeddings"
                + " must come from one model");
    assertThatThrownBy(() -> new FindingPrompts("mass", List.of("mass"), List.of()))
        .hasMessage("The prompts of mass need a text for and a text against it, got 1 and 0");
    assertThatThrownBy(() -> FindingPrompts.of(" "))
        .hasMessage("A finding needs a name, got \" \"");
  }

  @Test
  void ctClipsProtocolIsOnePairForEachOfEighteenFindings() {
    List<FindingPrompts> prompts = FindingPrompts.ctRate();
    assertThat(prompts).hasSize(18).doesNotHaveDuplicates();
    assertThat(prompts.get(12))
        .isEqualTo(
            new FindingPrompts(
                "Pleural effusion",
                List.of("Pleural effusion is present."),
                List.of("Pleural effusion is not present.")));
  }

  @Test
  void templatesAreFilledAndOneWithoutAPlaceIsRefused() {
    assertThat(FindingPrompts.of("mass").negative())
        .containsExactly("There is no mass.", "mass is absent.", "No mass.");
    assertThatThrownBy(
            () -> FindingPrompts.ofTemplates("mass", List.of("There is."), List.of("No {finding}")))
        .hasMessage("A prompt template needs {finding} where the name goes, got \"There is.\"");
  }
}
