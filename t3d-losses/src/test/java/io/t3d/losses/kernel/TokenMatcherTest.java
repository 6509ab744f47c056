package io.t3d.losses.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.model.TokenGrid;
import io.t3d.core.volume.Affine;
import io.t3d.losses.Outputs;
import io.t3d.losses.TestDevice;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Named;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class TokenMatcherTest {
  private final NDManager manager = TestDevice.manager();
  private final NDArray batchArray = manager.ones(new Shape(1));

  static Stream<Named<TokenMatcher>> forms() {
    return Stream.of(
        Named.of("plain", TokenMatcher.plain()), Named.of("best", TokenMatcher.best()));
  }

  @AfterEach
  void close() {
    manager.close();
  }

  @ParameterizedTest
  @MethodSource("forms")
  void aGridMatchesItself(TokenMatcher matcher) {
    TokenGrid grid =
        new TokenGrid(2, 3, 4, List.of(Affine.of(1, 2, 0, 5, -2, 1, 0, 3, 0, 0, 4, 9)));
    TokenMatcher.Match match = matcher.match(batchArray, grid, grid);
    assertThat(match.mask().toFloatArray()).containsOnly(1f).hasSize(24);
    for (int i = 0; i < 24; i++) {
      assertThat(match.index().getLong(0, i)).isEqualTo(i);
    }
  }

  @ParameterizedTest
  @MethodSource("forms")
  void aShiftByOneTokenMatchesTheOverlapAlone(TokenMatcher matcher) {
    TokenMatcher.Match match = matcher.match(batchArray, Outputs.cube(1, 10), Outputs.cube(1, 0));
    // Tokens at x = 10 lie on the other's second column; those at x = 20 lie outside of it.
    assertThat(match.mask().toFloatArray()).containsExactly(1, 0, 1, 0, 1, 0, 1, 0);
    assertThat(match.index().toLongArray()).startsWith(1).contains(3, 5, 7);
  }

  @ParameterizedTest
  @MethodSource("forms")
  void aFlipIsUndone(TokenMatcher matcher) {
    TokenGrid plain = Outputs.cube(1, 0);
    TokenGrid flipped =
        new TokenGrid(2, 2, 2, List.of(Affine.scaleTranslate(-10, 10, 10, 10, 0, 0)));
    TokenMatcher.Match match = matcher.match(batchArray, flipped, plain);
    assertThat(match.index().toLongArray()).containsExactly(1, 0, 3, 2, 5, 4, 7, 6);
    assertThat(match.mask().toFloatArray()).containsOnly(1f);
  }

  @ParameterizedTest
  @MethodSource("forms")
  void halfATokenOffAlwaysGoesTheSameWay(TokenMatcher matcher) {
    for (double origin : new double[] {0, 0.1, 123.4, -77.7, 1e3}) {
      TokenGrid to =
          new TokenGrid(1, 1, 3, List.of(Affine.scaleTranslate(0.7, 1, 1, origin, 0, 0)));
      TokenGrid from =
          new TokenGrid(1, 1, 3, List.of(Affine.scaleTranslate(0.7, 1, 1, origin - 0.35, 0, 0)));
      TokenMatcher.Match match = matcher.match(batchArray, from, to);
      assertThat(match.index().toLongArray()).containsExactly(0, 1, 2);
      assertThat(match.mask().toFloatArray()).containsOnly(1f);
    }
  }

  @ParameterizedTest
  @MethodSource("forms")
  void viewsWithoutOverlapAreMaskedWithValidIndices(TokenMatcher matcher) {
    TokenMatcher.Match match = matcher.match(batchArray, Outputs.cube(2, 1e6), Outputs.cube(2, 0));
    assertThat(match.mask().toFloatArray()).containsOnly(0f);
    assertThat(match.index().max().getLong()).isLessThan(8);
    assertThat(match.index().min().getLong()).isGreaterThanOrEqualTo(0);
  }

  @ParameterizedTest
  @MethodSource("forms")
  void equalsADoubleLoopOverWorldCoordinates(TokenMatcher matcher) {
    SplittableRandom random = new SplittableRandom(11);
    int matches = 0;
    for (int n = 0; n < 40; n++) {
      TokenGrid from = randomGrid(random, 3);
      TokenGrid to = randomGrid(random, 3);
      TokenMatcher.Match match = matcher.match(batchArray, from, to);
      for (int pair = 0; pair < 3; pair++) {
        int[] expected = doubleLoop(from, to, pair);
        for (int i = 0; i < from.size(); i++) {
          boolean matched = match.mask().getFloat(pair, i) == 1;
          assertThat(matched ? (int) match.index().getLong(pair, i) : -1).isEqualTo(expected[i]);
          matches += matched ? 1 : 0;
        }
      }
    }
    assertThat(matches).isGreaterThan(100);
  }

  /** Rotated, flipped and scaled grids of about 10 mm in a box of some 40 mm. */
  private static TokenGrid randomGrid(SplittableRandom random, int pairs) {
    List<Affine> affines = new ArrayList<>();
    for (int i = 0; i < pairs; i++) {
      double angle = random.nextDouble() * 0.8 - 0.4;
      double scale = 6 + 8 * random.nextDouble();
      double flip = random.nextBoolean() ? 1 : -1;
      double c = scale * Math.cos(angle);
      double s = scale * Math.sin(angle);
      double shift = flip < 0 ? 30 : 0;
      double move = random.nextDouble() * 20 - 10;
      affines.add(Affine.of(flip * c, -s, 0, shift, flip * s, c, 0, move, 0, 0, scale * 1.3, move));
    }
    return new TokenGrid(
        1 + random.nextInt(3), 1 + random.nextInt(4), 1 + random.nextInt(4), affines);
  }

  private static int[] doubleLoop(TokenGrid from, TokenGrid to, int pair) {
    int[] out = new int[from.size()];
    for (int i = 0; i < out.length; i++) {
      double[] p = world(from, pair, i);
      out[i] = -1;
      for (int j = 0; j < to.size(); j++) {
        if (withinHalfAToken(p, world(to, pair, j), to.affines().get(pair))) {
          out[i] = j;
        }
      }
    }
    return out;
  }

  private static double[] world(TokenGrid grid, int pair, int token) {
    int x = token % grid.width();
    int y = token / grid.width() % grid.height();
    int z = token / (grid.width() * grid.height());
    return grid.affines().get(pair).apply(x, y, z);
  }

  /** Whether p − q, in units of the grid's steps, is at most a half along each of its axes. */
  private static boolean withinHalfAToken(double[] p, double[] q, Affine grid) {
    for (int axis = 0; axis < 3; axis++) {
      double along = 0;
      double squared = 0;
      for (int row = 0; row < 3; row++) {
        along += (p[row] - q[row]) * grid.get(row, axis);
        squared += grid.get(row, axis) * grid.get(row, axis);
      }
      if (Math.abs(along / squared) > 0.5) {
        return false;
      }
    }
    return true;
  }

  @ParameterizedTest
  @MethodSource("forms")
  void gatherTakesTheMatchedRows(TokenMatcher matcher) {
    NDArray features = manager.arange(16f).reshape(1, 8, 2);
    TokenMatcher.Match match = matcher.match(batchArray, Outputs.cube(1, 10), Outputs.cube(1, 0));
    NDArray gathered = match.gather(features);
    assertThat(gathered.getShape()).isEqualTo(new Shape(1, 8, 2));
    assertThat(gathered.get(0, 0).toFloatArray()).containsExactly(2, 3);
    assertThat(gathered.get(0, 6).toFloatArray()).containsExactly(14, 15);
  }

  @ParameterizedTest
  @MethodSource("forms")
  void gridsOfDifferentBatchesAreRefused(TokenMatcher matcher) {
    assertThatThrownBy(() -> matcher.match(batchArray, Outputs.cube(2, 0), Outputs.cube(3, 0)))
        .hasMessage("Both token grids must hold one affine per pair, got 2 and 3");
  }
}
