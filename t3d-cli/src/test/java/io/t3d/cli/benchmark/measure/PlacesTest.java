package io.t3d.cli.benchmark.measure;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Volume;
import io.t3d.data.phantom.Side;
import org.junit.jupiter.api.Test;

class PlacesTest {
  private static final Side R = Side.RIGHT;
  private static final Side L = Side.LEFT;
  private static final Side M = Side.MIDLINE;

  private static Volume line(float... voxels) {
    Affine affine = Affine.scaleTranslate(1, 1, 1, 0, 0, 0);
    return new Volume(voxels, 1, 1, voxels.length, affine);
  }

  @Test
  void voxelsOnABorderCountForBothTokens() {
    // Three voxels, two tokens: the middle one is half in each.
    assertThat(TokenShares.of(line(7, 7, 0), 7, new int[] {1, 1, 2}))
        .containsExactly(new double[] {0.75, 0.25}, within(1e-12));
    assertThat(TokenShares.of(line(1, 2, 3), 7, new int[] {1, 1, 2})).containsExactly(0, 0);
    assertThat(TokenShares.count(line(7, 7, 0), 7)).isEqualTo(2);
  }

  @Test
  void tokensAreInTheOrderZYX() {
    float[] voxels = new float[8];
    voxels[5] = 3; // z = 1, y = 0, x = 1
    Volume cube = new Volume(voxels, 2, 2, 2, Affine.scaleTranslate(1, 1, 1, 0, 0, 0));
    double[] expected = new double[8];
    expected[5] = 1;
    assertThat(TokenShares.of(cube, 3, new int[] {2, 2, 2})).containsExactly(expected);
  }

  @Test
  void aurocIsTakenPerPositionSoThatAPriorGainsNothing() {
    // The finding is mostly in token 0; the score knows that and nothing else.
    double[][] shares = {{1, 0}, {1, 0}, {1, 0}, {0, 1}};
    double[][] prior = {{9, 1}, {9, 1}, {9, 1}, {9, 1}};
    assertThat(Places.auroc(prior, shares).getAsDouble()).isEqualTo(0.5);
    double[][] knows = {{2, 1}, {2, 1}, {2, 1}, {1, 2}};
    assertThat(Places.auroc(knows, shares).getAsDouble()).isEqualTo(1);
    // A position that always holds it, or never does, has nothing to tell apart.
    assertThat(Places.auroc(prior, new double[][] {{1, 0}, {1, 0}, {1, 0}, {1, 0}})).isEmpty();
  }

  @Test
  void pointingTakesTheShareInTheBestTokenLessThePrior() {
    double[][] shares = {{0.8, 0.2}, {0.1, 0.9}};
    double[][] scores = {{5, 1}, {4, 2}}; // always token 0; the second volume less so
    assertThat(Places.pointing(scores, shares, false)).isCloseTo(0.45, within(1e-12));
    assertThat(Places.pointing(scores, shares, true)).isCloseTo(0.85, within(1e-12));
    assertThat(Places.prior(new double[][] {{0.3, 0.7}, {0.4, 0.6}}, shares))
        .isCloseTo(0.55, within(1e-12));
  }

  @Test
  void lateralityLooksAtVolumesWithOneSideOnly() {
    Side[][] sides = {{R, M}, {L, L}, {M, R}, {R, M}};
    double[][] scores = {{0.9, 0}, {0.5, 0.2}, {-9, 0.7}, {0.1, 0}};
    assertThat(Laterality.auroc(sides, scores, 0).getAsDouble()).isEqualTo(0.5); // 0.9, 0.1 to 0.5
    assertThat(Laterality.auroc(sides, scores, 1).getAsDouble()).isEqualTo(1);
    assertThat(Laterality.mean(sides, scores).getAsDouble()).isEqualTo(0.75);
    assertThat(Laterality.mean(new Side[][] {{R}, {R}}, new double[][] {{1}, {2}})).isEmpty();
  }

  @Test
  void smallLesionsLeaveOutThePositivesThatAreLarge() {
    double[] sizes = {10, 20, 30, 40, 50, 60, 0, 0};
    double[] scores = {3, 1, 0, 0, 0, 0, 2, 0};
    // Against 2 and 0: 3 wins twice, 1 once.
    assertThat(SmallLesions.auroc(sizes, scores).getAsDouble()).isEqualTo(0.75);
    assertThat(SmallLesions.auroc(new double[] {1, 2, 0}, new double[] {1, 2, 0})).isEmpty();
  }
}
