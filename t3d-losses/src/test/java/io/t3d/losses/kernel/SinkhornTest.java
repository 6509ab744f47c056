package io.t3d.losses.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.BaseNDManager;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.JsonNode;
import io.t3d.losses.Golden;
import io.t3d.losses.Outputs;
import io.t3d.losses.TestDevice;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SinkhornTest {
  private final NDManager manager = TestDevice.manager();

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void equalsSwavsListing() {
    for (JsonNode c : Golden.read("sinkhorn.json")) {
      double epsilon = c.get("epsilon").asDouble();
      int iterations = c.get("iterations").asInt();
      NDArray similarities = Golden.array(manager, c.get("similarities"));
      NDArray best = Sinkhorn.best(epsilon, iterations).assign(similarities);
      NDArray plain = Sinkhorn.plain(epsilon, iterations).assign(similarities);
      Golden.assertClose(best, c.get("assignments"), 1e-5, "assignments");
      Golden.assertClose(plain, c.get("assignments"), 1e-5, "plain assignments");
    }
  }

  /** Spreads on both sides of what float32 holds, several blocks of rows, many iterations. */
  @ParameterizedTest
  @CsvSource({
    "7, 3, 0.05, 3", "3, 7, 0.05, 3", "1, 5, 0.05, 1", "5, 1, 0.05, 2",
    "700, 1000, 0.05, 3", "700, 1000, 0.0313, 3", "50, 20, 0.01, 3", "50, 20, 5, 100"
  })
  void equalsTheLogDomain(int samples, int prototypes, double epsilon, int iterations) {
    NDArray cosines = Outputs.random(manager, new SplittableRandom(4), samples, prototypes);
    NDArray plain = Sinkhorn.plain(epsilon, iterations).assign(cosines);
    NDArray difference = Sinkhorn.best(epsilon, iterations).assign(cosines).sub(plain);
    assertThat(difference.abs().max().getFloat()).isLessThan(1e-5f);
  }

  @Test
  void aTransposedMatrixAndOneOfEqualValuesAreFine() {
    NDArray cosines = Outputs.random(manager, new SplittableRandom(5), 6, 9).transpose();
    NDArray difference =
        Sinkhorn.defaults().assign(cosines).sub(Sinkhorn.plain(0.05, 3).assign(cosines));
    assertThat(difference.abs().max().getFloat()).isLessThan(1e-6f);
    NDArray equal = Sinkhorn.defaults().assign(manager.ones(new Shape(4, 8)));
    assertThat(equal.sub(0.125f).abs().max().getFloat()).isLessThan(1e-6f);
  }

  @Test
  void aSimilarityThatIsNoNumberShowsInTheResult() {
    NDArray q =
        Sinkhorn.defaults().assign(manager.create(new float[] {1, Float.NaN}).reshape(1, 2));
    assertThat(q.getFloat(0, 0)).isNaN();
  }

  @Test
  void rowsSumToOneAndColumnsToEqualShares() {
    NDArray scores = Outputs.random(manager, new SplittableRandom(1), 40, 5);
    NDArray q = Sinkhorn.best(0.5, 50).assign(scores);
    assertThat(q.sum(new int[] {1}).sub(1).abs().max().getFloat()).isLessThan(1e-5f);
    assertThat(q.sum(new int[] {0}).sub(8).abs().max().getFloat()).isLessThan(1e-3f);
  }

  @Test
  void aHugeSimilarityDoesNotOverflow() {
    NDArray q = Sinkhorn.best(0.001, 3).assign(manager.eye(4).mul(100));
    assertThat(q.sub(manager.eye(4)).abs().max().getFloat()).isLessThan(1e-6f);
  }

  @Test
  void identicalSamplesGetTheUniformAssignment() {
    NDArray q = Sinkhorn.defaults().assign(manager.create(new float[] {1, 0, 0}).reshape(1, 3));
    assertThat(q.toFloatArray())
        .containsExactly(new float[] {1 / 3f, 1 / 3f, 1 / 3f}, within(1e-6f));
  }

  @Test
  void carriesNoGradientAndLeavesOneArrayBehind() {
    NDArray scores = Outputs.random(manager, new SplittableRandom(2), 8, 3);
    int[] grown = new int[1];
    Outputs.backward(
        List.of(scores),
        () -> {
          int before = ((BaseNDManager) manager).getManagedArrays().size();
          NDArray q = Sinkhorn.defaults().assign(scores);
          grown[0] = ((BaseNDManager) manager).getManagedArrays().size() - before;
          return q.mul(scores).sum();
        });
    assertThat(grown[0]).isEqualTo(1);
    // d/ds Σ q·s is q itself when q is a constant.
    NDArray q = Sinkhorn.defaults().assign(scores);
    assertThat(scores.getGradient().sub(q).abs().max().getFloat()).isLessThan(1e-6f);
  }

  @Test
  void tensOfThousandsOfTokensTakeNoLoop() {
    NDArray q = Sinkhorn.defaults().assign(manager.randomNormal(new Shape(20_000, 64)));
    assertThat(q.sum(new int[] {1}).sub(1).abs().max().getFloat()).isLessThan(1e-4f);
  }

  @Test
  void wrongSettingsAndShapesAreNamed() {
    assertThatThrownBy(() -> Sinkhorn.best(0, 3))
        .hasMessage("Sinkhorn.epsilon must be > 0, got 0.0");
    assertThatThrownBy(() -> Sinkhorn.best(0.1, 0))
        .hasMessage("Sinkhorn.iterations must be > 0, got 0.0");
    assertThatThrownBy(() -> Sinkhorn.defaults().assign(manager.ones(new Shape(2, 3, 4))))
        .hasMessage("similarities must be (N, K), got (2, 3, 4); one row per sample");
  }
}
