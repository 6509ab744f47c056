package io.t3d.cli.benchmark.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.t3d.core.task.TextScore;
import io.t3d.core.task.TextScores;
import java.util.List;
import org.junit.jupiter.api.Test;

class ScoreChoiceTest {
  @Test
  void theGlobalMarginIsThatOfTheEnsemblesAtUnitLength() {
    float[][] texts = {{1, 0}, {0, 1}, {-1, 0}};
    float[][] volume = {{0.6f, 0.8f, -0.6f}}; // cosines of v = (0.6, 0.8)
    Margins m =
        Margins.of(
            new TextScores(
                List.of("a", "b", "c"),
                new float[][] {{0.6f, 0.8f}},
                volume,
                new float[][] {{0.5f, 0.7f, 0.1f}}),
            texts,
            new int[] {0, 1},
            new int[] {2});
    // Mean of the first two texts is (½, ½), of length √½: cosine 0.7·√2; the third's is −0.6.
    assertThat(m.global()[0]).isCloseTo(0.7 * Math.sqrt(2) + 0.6, within(1e-6));
    assertThat(m.pooled()[0]).isCloseTo(0.5, within(1e-6));
  }

  @Test
  void theKindOfTheHighestValidationQualityIsChosenAndTheSimplerOfEqualOnes() {
    List<Margins> held = List.of(new Margins(new double[] {1, -1}, new double[] {2, 6}));
    List<Margins> test = List.of(new Margins(new double[] {3}, new double[] {4}));
    ScoreChoice pooled = ScoreChoice.of(held, test, s -> s[1][0] - s[0][0]);
    assertThat(pooled.chosen()).isEqualTo(TextScore.POOLED);
    // Deviations on the validation volumes are 1 and 2.
    assertThat(pooled.test().get(TextScore.SUM)[0][0]).isCloseTo(3 / 1.0 + 4 / 2.0, within(1e-9));
    assertThat(ScoreChoice.of(held, test, s -> 0.5).chosen()).isEqualTo(TextScore.GLOBAL);
    assertThat(ScoreChoice.of(held, test, s -> Double.NaN).chosen()).isEqualTo(TextScore.GLOBAL);
  }
}
