package io.t3d.core.task.classify;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.t3d.core.TestDevice;
import io.t3d.core.eval.LabelMatrix;
import io.t3d.core.task.ScoreChoice;
import io.t3d.core.task.TextScore;
import io.t3d.core.task.TextScores;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ZeroShotScorerTest {
  private static final Map<String, float[]> TEXTS =
      Map.of(
          "mass", new float[] {1, 0},
          "tumour", new float[] {1, 0},
          "no mass", new float[] {0, 1});
  private static final List<FindingPrompts> PROMPTS =
      List.of(new FindingPrompts("mass", List.of("mass", "tumour"), List.of("no mass")));

  // Global margins 1, -1, 0.2, 1; pooled margins (0.4+0.2)/2 - 0.1 = 0.2, then -0.2, 0.6, 0.
  private static final float[][] VOLUMES = {{1, 0}, {0, 1}, {0.8f, 0.6f}, {1, 0}};
  private static final float[][] POOLED = {
    {0.4f, 0.2f, 0.1f}, {0, 0, 0.2f}, {0.5f, 0.7f, 0}, {0.1f, 0.3f, 0.2f}
  };

  private final NDManager manager = TestDevice.manager();
  private final ZeroShotClassifier classifier =
      ZeroShotClassifier.create(this::encode, PROMPTS, Math.log(10));

  @AfterEach
  void close() {
    manager.close();
  }

  private NDArray encode(List<String> texts) {
    return manager.create(texts.stream().map(TEXTS::get).toArray(float[][]::new));
  }

  private static TextScores volumes() {
    return new TextScores(
        List.of("mass", "tumour", "no mass"), VOLUMES, new float[VOLUMES.length][3], POOLED);
  }

  private static LabelMatrix labels(double... values) {
    double[][] rows = new double[values.length][1];
    for (int i = 0; i < rows.length; i++) {
      rows[i][0] = values[i];
    }
    return new LabelMatrix(List.of("mass"), rows);
  }

  private static double[] column(double[][] rows) {
    return java.util.Arrays.stream(rows).mapToDouble(row -> row[0]).toArray();
  }

  @Test
  void marginsEqualThoseOfPaperAndPencil() {
    ZeroShotScorer scorer = ZeroShotScorer.fit(classifier, volumes());
    assertThat(column(scorer.margins(volumes(), TextScore.GLOBAL)))
        .containsExactly(new double[] {1, -1, 0.2, 1}, within(1e-6));
    assertThat(column(scorer.margins(volumes(), TextScore.POOLED)))
        .containsExactly(new double[] {0.2, -0.2, 0.6, 0}, within(1e-6));
    // Global: mean 0.3, squares 0.49 + 1.69 + 0.01 + 0.49 = 2.68. Pooled: mean 0.15, squares
    // 0.0025 + 0.1225 + 0.2025 + 0.0225 = 0.35.
    double g = Math.sqrt(2.68 / 3);
    double p = Math.sqrt(0.35 / 3);
    assertThat(column(scorer.margins(volumes(), TextScore.SUM)))
        .containsExactly(
            new double[] {1 / g + 0.2 / p, -1 / g - 0.2 / p, 0.2 / g + 0.6 / p, 1 / g},
            within(1e-5));
    assertThat(scorer.probabilities(volumes(), TextScore.POOLED)[0][0])
        .isCloseTo(1 / (1 + Math.exp(-2)), within(1e-6));
    assertThat(scorer.probabilities(volumes(), TextScore.SUM)[3][0])
        .isCloseTo(1 / (1 + Math.exp(-1 / g)), within(1e-6));
  }

  @Test
  void theGlobalScoreIsTheClassifiersBitForBit() {
    ZeroShotScorer scorer = ZeroShotScorer.fit(classifier, volumes());
    assertThat(scorer.probabilities(volumes())).isDeepEqualTo(classifier.classify(VOLUMES));
  }

  @Test
  void oneVolumeScoredAloneGivesWhatItGivesAmongOthers() {
    ZeroShotScorer scorer = ZeroShotScorer.fit(classifier, volumes());
    TextScores alone =
        new TextScores(
            List.of("no mass", "tumour", "mass"),
            new float[][] {VOLUMES[2]},
            new float[1][3],
            new float[][] {{POOLED[2][2], POOLED[2][1], POOLED[2][0]}});
    assertThat(scorer.margins(alone, TextScore.SUM)[0])
        .containsExactly(scorer.margins(volumes(), TextScore.SUM)[2]);
  }

  @Test
  void validationChoosesTheScoreThatOrdersItsLabelsBest() {
    // Pooled puts volume 2 first and volume 0 second; global puts volumes 0 and 3 before it.
    ZeroShotScorer scorer = ZeroShotScorer.choose(classifier, volumes(), labels(1, 0, 1, 0));
    assertThat(scorer.choice().score()).isEqualTo(TextScore.POOLED);
    assertThat(scorer.choice().validation())
        .containsEntry(TextScore.GLOBAL, 0.625)
        .containsEntry(TextScore.POOLED, 1.0);
    assertThat(scorer.choice().reason())
        .startsWith("chosen by macro AUROC on 4 validation volumes: global 0.625, pooled 1.000");
    assertThat(scorer.probabilities(volumes()))
        .isDeepEqualTo(scorer.probabilities(volumes(), TextScore.POOLED));
  }

  @Test
  void ofEqualScoresTheGlobalOneIsChosen() {
    ZeroShotScorer scorer = ZeroShotScorer.choose(classifier, volumes(), labels(1, 0, 1, 1));
    assertThat(scorer.choice().validation()).containsEntry(TextScore.POOLED, 1.0);
    assertThat(scorer.choice().score()).isEqualTo(TextScore.GLOBAL);
  }

  @Test
  void withoutBothClassesTheGlobalScoreIsChosen() {
    ZeroShotScorer scorer =
        ZeroShotScorer.choose(classifier, volumes(), labels(1, 1, Double.NaN, 1));
    assertThat(scorer.choice())
        .isEqualTo(ScoreChoice.global("no validation label has both classes"));
  }

  @Test
  void withoutValidationTheGlobalScoreIsUsedAndTheSumRefused() {
    ZeroShotScorer scorer = ZeroShotScorer.global(classifier, "there is no validation split");
    assertThat(scorer.choice())
        .isEqualTo(new ScoreChoice(TextScore.GLOBAL, "there is no validation split", Map.of()));
    assertThat(scorer.available()).containsExactly(TextScore.GLOBAL, TextScore.POOLED);
    assertThat(scorer.withScore(TextScore.POOLED).choice())
        .isEqualTo(ScoreChoice.asked(TextScore.POOLED));
    String refusal =
        "The sum of scores needs reference volumes for its standard deviations, at least 2, got"
            + " none; use ZeroShotScorer.choose or .fit, or another score";
    assertThatThrownBy(() -> scorer.withScore(TextScore.SUM)).hasMessage(refusal);
    assertThatThrownBy(() -> scorer.margins(volumes(), TextScore.SUM)).hasMessage(refusal);
  }

  @Test
  void wrongInputsAreNamed() {
    TextScores one =
        new TextScores(List.of("mass"), new float[1][2], new float[1][1], new float[1][1]);
    assertThatThrownBy(() -> ZeroShotScorer.fit(classifier, one))
        .hasMessage(
            "The sum of scores needs reference volumes for its standard deviations, at least 2,"
                + " got 1");
    assertThatThrownBy(
            () -> ZeroShotScorer.global(classifier, "none").probabilities(one, TextScore.POOLED))
        .hasMessage(
            "TextScores lacks the text \"tumour\" among its 1; score all texts of a task"
                + " together");
    LabelMatrix other = new LabelMatrix(List.of("nodule"), new double[4][1]);
    assertThatThrownBy(() -> ZeroShotScorer.choose(classifier, volumes(), other))
        .hasMessage("Validation labels must be the classifier's findings [mass], got [nodule]");
    assertThatThrownBy(() -> ZeroShotScorer.choose(classifier, volumes(), labels(1, 0)))
        .hasMessageContaining("one row per sample, got 2 and 4");
  }

  @Test
  void thePromptsAreListedOnce() {
    assertThat(classifier.texts()).containsExactly("mass", "tumour", "no mass");
  }
}
