package io.t3d.cli.benchmark.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.t3d.cli.benchmark.measure.Places;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Volume;
import io.t3d.data.phantom.Finding;
import io.t3d.data.phantom.FindingKind;
import io.t3d.data.phantom.Severity;
import io.t3d.data.phantom.Side;
import io.t3d.data.phantom.Structure;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class LocalTasksTest {
  private static Finding finding(FindingKind kind, Side side) {
    return new Finding(
        kind, side, Optional.empty(), Severity.LARGE, 30, new Finding.Point(0, 0, 0));
  }

  @Test
  void sidesAreTheGeneratorsAndBothSidesAreNone() {
    float effusion = Structure.PLEURAL_EFFUSION.value();
    Volume mask =
        new Volume(
            new float[] {effusion, 0, 0, effusion},
            1,
            1,
            4,
            Affine.scaleTranslate(2, 3, 5, 0, 0, 0));
    LocalTruth truth = LocalTruth.ofVolumes(3);
    int[] grid = {1, 1, 2};
    FindingKind kind = FindingKind.PLEURAL_EFFUSION;
    truth.put(0, mask, List.of(finding(kind, Side.LEFT)), grid);
    truth.put(1, mask, List.of(finding(kind, Side.LEFT), finding(kind, Side.RIGHT)), grid);
    Volume empty = new Volume(new float[4], 1, 1, 4, mask.affine());
    truth.put(2, empty, List.of(finding(FindingKind.CARDIOMEGALY, Side.MIDLINE)), grid);
    assertThat(truth.sides()[0][0]).isEqualTo(Side.LEFT);
    assertThat(truth.sides()[1][0]).isEqualTo(Side.MIDLINE);
    assertThat(truth.sides()[2][0]).isEqualTo(Side.MIDLINE);
    assertThat(truth.sizes(0)).containsExactly(new double[] {60, 60, 0}, within(1e-9));
    assertThat(truth.positives(0)).containsExactly(0, 1);
    assertThat(truth.sharesOfPositives(0)).hasDimensions(2, 2);
    assertThat(truth.sharesOfPositives(1)).isEmpty();
  }

  @Test
  void aTokenProbeFindsAFeatureThatTellsWhereTheFindingIs() {
    SplittableRandom random = new SplittableRandom(1);
    float[][][] tokens = new float[60][4][3];
    double[][] shares = new double[60][4];
    for (int i = 0; i < 60; i++) {
      int place = random.nextInt(4);
      shares[i][place] = 1;
      for (float[] token : tokens[i]) {
        for (int c = 0; c < 3; c++) {
          token[c] = (float) random.nextDouble();
        }
      }
      tokens[i][place][1] += 2;
    }
    double[][] scores = TokenProbeTask.scores(tokens, shares, tokens);
    assertThat(scores).hasDimensions(60, 4);
    assertThat(Places.auroc(scores, shares).getAsDouble()).isGreaterThan(0.99);
    // Features without it: nothing but position is left, which gains nothing.
    double[][] blind = TokenProbeTask.scores(new float[60][4][3], shares, new float[60][4][3]);
    assertThat(Places.auroc(blind, shares).getAsDouble()).isEqualTo(0.5);
  }

  @Test
  void relevanceIsTheMeanOfTheWeightsOfEachText() {
    float[][] tokens = {{1, 0}, {0, 1}};
    double[] one = PointingTask.relevance(tokens, new float[][] {{1, 0}}, 0.5);
    double e = Math.exp(2);
    assertThat(one).containsExactly(new double[] {e / (e + 1), 1 / (e + 1)}, within(1e-9));
    double[] both = PointingTask.relevance(tokens, new float[][] {{1, 0}, {0, 1}}, 0.5);
    assertThat(both).containsExactly(new double[] {0.5, 0.5}, within(1e-9));
  }

  @Test
  void promptsOfASideDifferInNothingElse() {
    for (FindingKind kind : LocalTruth.FINDINGS) {
      List<String> right = SidePrompts.of(kind, Side.RIGHT);
      List<String> left = SidePrompts.of(kind, Side.LEFT);
      assertThat(right).hasSize(3);
      for (int i = 0; i < 3; i++) {
        assertThat(right.get(i).replaceFirst("[Rr]ight", "").length())
            .isEqualTo(left.get(i).replaceFirst("[Ll]eft", "").length());
        assertThat(right.get(i)).matches("\\p{Lu}.*\\.");
      }
    }
  }
}
