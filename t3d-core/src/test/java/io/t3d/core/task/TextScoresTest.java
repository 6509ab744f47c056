package io.t3d.core.task;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.TestDevice;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.model.T3DModel;
import io.t3d.core.model.VolumeFeatures;
import io.t3d.core.task.internal.Embeddings;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class TextScoresTest {
  private static final int SIZE = 16;

  private T3DModel model;
  private NDManager manager;

  @BeforeEach
  void create() {
    model = T3DModel.create(T3DConfig.tiny(), TestDevice.get(), 1);
    manager = model.manager().newSubManager();
  }

  @AfterEach
  void close() {
    model.close();
  }

  private static VolumeBatches noise(int n, List<Integer> asked) {
    return new VolumeBatches() {
      @Override
      public int size() {
        return n;
      }

      @Override
      public NDArray load(NDManager owner, int[] rows) {
        float[] voxels = new float[rows.length * SIZE * SIZE * SIZE];
        int at = 0;
        for (int row : rows) {
          asked.add(row);
          SplittableRandom random = new SplittableRandom(row);
          for (int k = 0; k < SIZE * SIZE * SIZE; k++) {
            voxels[at++] = (float) random.nextDouble();
          }
        }
        return owner.create(voxels, new Shape(rows.length, 1, SIZE, SIZE, SIZE));
      }
    };
  }

  @Test
  void scoresAreShownByTheirSizes() {
    assertThat(new TextScores(List.of("a", "b"), new float[1][4], new float[1][2], new float[1][2]))
        .hasToString("TextScores[1 volumes, 2 texts: [a, b]]");
  }

  @Test
  void scoresEqualADoubleLoopAndEachVolumeIsReadOnce() throws IOException {
    List<Integer> asked = new ArrayList<>();
    List<Integer> done = new ArrayList<>();
    // More texts than one block, more volumes than one batch.
    List<String> texts = IntStream.range(0, 260).mapToObj(t -> "nodule " + t + " mm").toList();
    TextScores scores = TextScores.of(model, noise(9, asked), texts, 0.1, done::add);

    assertThat(asked).containsExactlyElementsOf(IntStream.range(0, 9).boxed().toList());
    assertThat(done).containsExactly(8, 9);
    NDArray voxels = noise(9, new ArrayList<>()).load(manager, IntStream.range(0, 9).toArray());
    VolumeFeatures seen = model.encodeVolumeTokens(voxels);
    float[][] v = Embeddings.rows("v", model.encodeVolumes(voxels), -1);
    float[][] q = Embeddings.rows("q", model.encodeReports(manager, texts), -1);
    for (int i : new int[] {0, 8}) {
      assertThat(scores.volumes()[i]).containsExactly(v[i], within(1e-5f));
      float[][] p = Embeddings.rows("p", seen.tokens().get(i), -1);
      for (int t : new int[] {0, 255, 256, 259}) {
        assertThat((double) scores.global()[i][t]).isCloseTo(dot(v[i], q[t]), within(1e-5));
        assertThat((double) scores.pooled()[i][t]).isCloseTo(pooled(p, q[t], 0.1), within(1e-5));
      }
    }
  }

  private static double pooled(float[][] p, float[] q, double temperature) {
    double[] z = new double[q.length];
    for (float[] token : p) {
      double weight = Math.exp(dot(token, q) / Math.sqrt(dot(token, token)) / temperature);
      for (int e = 0; e < z.length; e++) {
        z[e] += weight * token[e];
      }
    }
    double along = 0;
    double squares = 0;
    for (int e = 0; e < z.length; e++) {
      along += z[e] * q[e];
      squares += z[e] * z[e];
    }
    return along / Math.sqrt(squares);
  }

  private static double dot(float[] a, float[] b) {
    double sum = 0;
    for (int e = 0; e < a.length; e++) {
      sum += (double) a[e] * b[e];
    }
    return sum;
  }

  @Test
  void nothingToScoreIsAnError() {
    assertThatThrownBy(
            () -> TextScores.of(model, noise(0, new ArrayList<>()), List.of("a"), 0.1, n -> {}))
        .hasMessage("Text scores need volumes and texts, got 0 and 1");
    assertThatThrownBy(
            () -> new TextScores(List.of("a"), new float[2][3], new float[2][1], new float[1][1]))
        .hasMessage("pooled must be [n][T] = [2][1], got 1 rows, the first of 1");
  }

  @Test
  void theBestOfEqualScoresIsTheSimplest() {
    ScoreChoice choice =
        ScoreChoice.best(
            "R@5", Map.of(TextScore.SUM, 0.5, TextScore.POOLED, 0.5, TextScore.GLOBAL, 0.4));
    assertThat(choice.score()).isEqualTo(TextScore.POOLED);
    assertThat(choice.reason()).isEqualTo("chosen by R@5: global 0.400, pooled 0.500, sum 0.500");
    assertThatThrownBy(() -> ScoreChoice.best("R@5", Map.of()))
        .hasMessage("A choice of score needs numbers to compare, got {}");
  }
}
