package io.t3d.core.task.retrieve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.t3d.core.TestDevice;
import io.t3d.core.eval.LabelMatrix;
import io.t3d.core.task.TextScore;
import io.t3d.core.task.TextScores;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RetrievalMixTest {
  private static final List<String> REPORTS =
      List.of("Impression: Large nodule. No effusion.", "No effusion.");

  @Test
  void sentencesOfReportsAreListedOnce() {
    SentencesOfReports split = SentencesOfReports.of(REPORTS);
    assertThat(split.sentences()).containsExactly("Large nodule.", "No effusion.");
    assertThat(split.ofReport()).isDeepEqualTo(new int[][] {{0, 1}, {1}});
  }

  @Test
  void pairScoresEqualThoseOfPaperAndPencil() {
    TextScores seen =
        new TextScores(
            List.of("No effusion.", "Large nodule."),
            new float[][] {{1, 0}, {0.6f, 0.8f}},
            new float[2][2],
            new float[][] {{0.4f, 0.9f}, {0.6f, 0.1f}});
    PairScores pairs = PairScores.of(seen, new float[][] {{1, 0}, {0, 1}}, REPORTS);
    assertThat(pairs.global()[1]).containsExactly(new float[] {0.6f, 0.8f}, within(1e-6f));
    // Means 0.5 of each sentence: volume 0 has -0.1 and 0.4, volume 1 has 0.1 and -0.4. Fits of
    // report 0: 0.15 and -0.15, of report 1: -0.1 and 0.1; each in its standard deviations.
    assertThat(pairs.sentences()[0]).containsExactly(new float[] {1, -1}, within(1e-5f));
    assertThat(pairs.sentences()[1]).containsExactly(new float[] {-1, 1}, within(1e-5f));
    // Global 1, 0, 0.6, 0.8: mean 0.6, squares 0.56. Sentences: mean 0, squares 4.
    RetrievalMix sum = RetrievalMix.sum(pairs, 0.5);
    double g = Math.sqrt(0.56 / 3);
    double s = Math.sqrt(4.0 / 3);
    assertThat(sum.scores(pairs)[0])
        .containsExactly(
            new float[] {(float) (1 / g + 0.5 / s), (float) (-0.5 / s)}, within(1e-5f));
    assertThat(RetrievalMix.global().scores(pairs)).isDeepEqualTo(pairs.global());
    assertThat(RetrievalMix.pooled().scores(pairs)).isDeepEqualTo(pairs.sentences());
  }

  @Test
  void meansAndDeviationsCanBeThoseOfOtherVolumes() {
    List<String> texts = List.of("No effusion.", "Large nodule.");
    TextScores reference =
        new TextScores(
            texts,
            new float[2][2],
            new float[2][2],
            new float[][] {{0.3f, 0.2f}, {0.5f, 0.4f}}); // means 0.4 and 0.3, all fits ±0.1
    TextScores one =
        new TextScores(texts, new float[1][2], new float[1][2], new float[][] {{0.45f, 0.9f}});
    PairScores pairs = PairScores.of(one, reference, new float[2][2], REPORTS);
    assertThat(pairs.sentences()[0]).containsExactly(new float[] {3.25f, 0.5f}, within(1e-4f));

    TextScores single =
        new TextScores(texts, new float[1][2], new float[1][2], new float[][] {{0.35f, 0.2f}});
    PairScores unscaled = PairScores.of(one, single, new float[2][2], REPORTS);
    assertThat(unscaled.sentences()[0]).containsExactly(new float[] {0.4f, 0.1f}, within(1e-6f));
    TextScores other =
        new TextScores(List.of("a", "b"), new float[1][2], new float[1][2], new float[1][2]);
    assertThatThrownBy(() -> PairScores.of(one, other, new float[2][2], REPORTS))
        .hasMessage(
            "reference must be scored on the texts of the volumes, got 2 texts against 2, or the"
                + " same in another order");
  }

  private static float[][] random(int n, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[][] rows = new float[n][n];
    for (float[] row : rows) {
      for (int j = 0; j < n; j++) {
        row[j] = (float) random.nextDouble();
      }
    }
    return rows;
  }

  private static List<String> numbered(int n) {
    return IntStream.range(0, n).mapToObj(Integer::toString).toList();
  }

  private static float[][] eye(int n) {
    float[][] rows = new float[n][n];
    IntStream.range(0, n).forEach(i -> rows[i][i] = 1);
    return rows;
  }

  @Test
  void validationChoosesWhatFindsMost() {
    int n = 30;
    RetrievalMix.Choice bySentences =
        RetrievalMix.choose(new PairScores(random(n, 1), eye(n)), numbered(n));
    assertThat(bySentences.choice().score()).isEqualTo(TextScore.POOLED);
    assertThat(bySentences.mix()).isEqualTo(RetrievalMix.pooled());
    assertThat(bySentences.choice().reason())
        .startsWith("chosen by R@5 of both ways on 30 validation pairs: global 0.")
        .contains("pooled 1.000");
    RetrievalMix.Choice whole =
        RetrievalMix.choose(new PairScores(eye(n), random(n, 1)), numbered(n));
    assertThat(whole.choice().score()).isEqualTo(TextScore.GLOBAL);
    assertThat(whole.mixes()).containsOnlyKeys(TextScore.values());
    assertThat(whole.mixes().get(TextScore.SUM).weight()).isEqualTo(0.25);
  }

  @Test
  void bothTogetherCanFindMoreThanEach() {
    int n = 40;
    float[][] global = random(n, 1);
    float[][] sentences = random(n, 2);
    for (int i = 0; i < n; i++) {
      global[i][i] += 0.4f;
      sentences[i][i] += 0.4f;
    }
    RetrievalMix.Choice choice =
        RetrievalMix.choose(new PairScores(global, sentences), numbered(n));
    assertThat(choice.choice().score()).isEqualTo(TextScore.SUM);
  }

  @Test
  void ranksAndOverlapByScoresEqualThoseByEmbeddings() {
    int n = 23;
    List<String> reports = IntStream.range(0, n).mapToObj(i -> "" + (i % 20)).toList();
    float[][] scores = random(n, 3);
    double[][] labels = new double[n][3];
    SplittableRandom random = new SplittableRandom(4);
    for (double[] row : labels) {
      for (int j = 0; j < 3; j++) {
        row[j] = random.nextInt(2);
      }
    }
    LabelMatrix known = new LabelMatrix(List.of("a", "b", "c"), labels);
    try (NDManager manager = TestDevice.manager()) {
      NDArray rows = manager.create(scores);
      NDArray eye = manager.eye(n); // row · unit vector is the score itself
      Retrieval.Ranks expected = Retrieval.ranks(rows, eye, reports);
      Retrieval.Ranks found = Retrieval.ranks(scores, reports);
      assertThat(found.imageToText()).isEqualTo(expected.imageToText());
      assertThat(found.textToImage()).isEqualTo(expected.textToImage());
      assertThat(LabelOverlap.evaluate(scores, known, known, false, 1))
          .isEqualTo(LabelOverlap.evaluate(rows, known, eye, known, false, 1));
    }
  }

  @Test
  void wrongInputsAreNamed() {
    assertThatThrownBy(() -> Retrieval.ranks(new float[2][2], numbered(3)))
        .hasMessage("scores must have one row per sample (3), got 2");
    assertThatThrownBy(() -> new RetrievalMix(TextScore.SUM, 1, 1, 0))
        .hasMessageContaining("RetrievalMix.weight");
    TextScores seen =
        new TextScores(List.of("No effusion."), new float[2][2], new float[2][1], new float[2][1]);
    assertThatThrownBy(() -> PairScores.of(seen, new float[2][2], REPORTS))
        .hasMessage(
            "TextScores lacks the text \"Large nodule.\" among its 1; score all texts of a task"
                + " together");
    assertThatThrownBy(() -> PairScores.of(seen, new float[1][2], REPORTS))
        .hasMessage("reportEmbeddings must have one row per sample (2), got 1");
  }
}
