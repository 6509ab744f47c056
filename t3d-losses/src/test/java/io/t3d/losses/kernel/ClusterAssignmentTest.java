package io.t3d.losses.kernel;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.BaseNDManager;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
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

class ClusterAssignmentTest {
  private final NDManager manager = TestDevice.manager();
  private final SplittableRandom random = new SplittableRandom(8);

  @AfterEach
  void close() {
    manager.close();
  }

  @Test
  void assignmentsAndUsageEqualTheReference() {
    JsonNode golden = Golden.read("clusters.json");
    List<NDArray> parts =
        List.of(
            Golden.array(manager, golden.get("features").get(0)),
            Golden.array(manager, golden.get("features").get(1)));
    ClusterAssignment.Assigned got =
        ClusterAssignment.best(0.05, 3)
            .assign(parts, Golden.array(manager, golden.get("prototypes")));
    for (int i = 0; i < 2; i++) {
      Golden.assertClose(
          got.assignments().get(i), golden.get("assignments").get(i), 1e-5, "part " + i);
    }
    assertThat((double) got.usage().getFloat())
        .isCloseTo(golden.get("usage").asDouble(), within(1e-5));
  }

  /** One and several blocks of rows; the last epsilon is too small for one exponential. */
  @ParameterizedTest
  @CsvSource({"1, 1, 5, 0.05", "3, 9, 70, 0.05", "1500, 700, 300, 0.05", "40, 20, 11, 0.01"})
  void theFusedFormEqualsThePlainOne(int first, int second, int prototypes, double epsilon) {
    List<NDArray> parts =
        List.of(
            Outputs.random(manager, random, first, 24).mul(50),
            Outputs.random(manager, random, second, 24).mul(0.01f));
    NDArray centres = Outputs.random(manager, random, prototypes, 24).normalize(2, 1);
    ClusterAssignment.Assigned fused = ClusterAssignment.best(epsilon, 3).assign(parts, centres);
    ClusterAssignment.Assigned plain = ClusterAssignment.plain(epsilon, 3).assign(parts, centres);
    for (int i = 0; i < 2; i++) {
      NDArray q = fused.assignments().get(i);
      assertThat(q.getShape()).isEqualTo(new Shape(i == 0 ? first : second, prototypes));
      assertThat(q.sub(plain.assignments().get(i)).abs().max().getFloat()).isLessThan(1e-4f);
    }
    assertThat(fused.usage().getFloat()).isCloseTo(plain.usage().getFloat(), within(1e-3f));
  }

  @Test
  void aFeatureOfLengthZeroIsFarFromAllAlike() {
    NDArray q =
        ClusterAssignment.best(0.05, 3)
            .assign(
                List.of(manager.zeros(new Shape(1, 3))),
                manager.eye(3).toType(DataType.FLOAT32, false))
            .assignments()
            .get(0);
    assertThat(q.toFloatArray())
        .containsExactly(new float[] {1 / 3f, 1 / 3f, 1 / 3f}, within(1e-6f));
  }

  @Test
  void aFeatureThatIsNoNumberShowsInTheResult() {
    NDArray q =
        ClusterAssignment.best(0.05, 3)
            .assign(
                List.of(manager.create(new float[] {Float.NaN, 1}, new Shape(1, 2))),
                manager.eye(2))
            .assignments()
            .get(0);
    assertThat(q.getFloat(0, 0)).isNaN();
  }

  @Test
  void carriesNoGradientAndLeavesItsResultsAlone() {
    NDArray features = Outputs.random(manager, random, 6, 4);
    NDArray prototypes = Outputs.random(manager, random, 3, 4).normalize(2, 1);
    int[] grown = new int[1];
    Outputs.backward(
        List.of(features, prototypes),
        () -> {
          int before = ((BaseNDManager) manager).getManagedArrays().size();
          ClusterAssignment.Assigned got =
              ClusterAssignment.best(0.05, 3).assign(List.of(features), prototypes);
          grown[0] = ((BaseNDManager) manager).getManagedArrays().size() - before;
          return got.assignments().get(0).sum().add(features.sum()).add(prototypes.sum());
        });
    assertThat(grown[0]).isEqualTo(2);
    assertThat(features.getGradient().toFloatArray()).containsOnly(1f);
    assertThat(prototypes.getGradient().toFloatArray()).containsOnly(1f);
  }

  @Test
  void wrongShapesAndTypesAreNamed() {
    NDArray prototypes = manager.ones(new Shape(3, 4));
    assertThatThrownBy(
            () ->
                ClusterAssignment.best(0.05, 3)
                    .assign(List.of(manager.ones(new Shape(2, 5))), prototypes))
        .hasMessage("features must be (N, E) = (N, 4), got (2, 5); E is that of the prototypes");
    assertThatThrownBy(
            () ->
                ClusterAssignment.plain(0.05, 3)
                    .assign(List.of(manager.ones(new Shape(2, 4), DataType.FLOAT64)), prototypes))
        .hasMessageStartingWith("features must be float32, got float64");
  }
}
