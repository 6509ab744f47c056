package io.t3d.core.task.retrieve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.BaseNDManager;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.TestDevice;
import java.util.Collections;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class RetrievalTest {
  private static final int E = 8;

  private final NDManager manager = TestDevice.manager();

  @AfterEach
  void close() {
    manager.close();
  }

  private float[][] random(int n, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[][] rows = new float[n][E];
    for (float[] row : rows) {
      for (int e = 0; e < E; e++) {
        row[e] = (float) (random.nextDouble() * 2 - 1);
      }
    }
    return rows;
  }

  @Test
  void ranksEqualADoubleLoopWhateverTheBlock() {
    int n = 37;
    float[][] q = random(n, 1);
    float[][] t = random(n, 2);
    int[] groups = new int[n];
    for (int i = 0; i < n; i++) {
      groups[i] = i % 11 == 0 ? 0 : i;
    }
    int[] expected = doubleLoop(q, t, groups);
    for (int block : new int[] {1, 5, 37, 100}) {
      assertThat(
              RetrievalRanks.of(
                  manager.create(q), manager.create(t), Partners.groups(groups), block))
          .as("block %d", block)
          .isEqualTo(expected);
    }
  }

  @Test
  void allReportsOfAVolumeAreCorrectForItInWhicheverPair() {
    // Volume a has two reports, in pairs 0 and 1; volume c has the second of them too.
    List<String> volumes = List.of("a", "a", "b", "c");
    List<String> reports = List.of("one", "two", "three", "two");
    float[][] scores = {
      {0.2f, 0.9f, 0.5f, 0.9f}, // row: volume, column: report
      {0.2f, 0.9f, 0.5f, 0.9f},
      {0.1f, 0.8f, 0.7f, 0.8f},
      {0.6f, 0.3f, 0.4f, 0.3f}
    };
    Retrieval.Ranks ranks = Retrieval.ranks(scores, reports, volumes);
    assertThat(ranks.imageToText()).containsExactly(1, 1, 3, 3);
    assertThat(ranks.textToImage()).containsExactly(2, 1, 1, 1);

    // By embeddings too: volumes are unit vectors, so that a report's entries are its scores.
    float[][] images = new float[4][E];
    float[][] texts = new float[4][E];
    for (int i = 0; i < 4; i++) {
      images[i][i == 1 ? 0 : i] = 1;
      for (int r = 0; r < 4; r++) {
        texts[r][i] = scores[i][r];
      }
    }
    Retrieval.Ranks embedded =
        Retrieval.ranks(manager.create(images), manager.create(texts), reports, volumes);
    assertThat(embedded.imageToText()).isEqualTo(ranks.imageToText());
    assertThat(embedded.textToImage()).isEqualTo(ranks.textToImage());
    for (int block : new int[] {1, 3}) {
      assertThat(
              RetrievalRanks.of(
                  manager.create(texts),
                  manager.create(images),
                  Partners.of(reports, volumes),
                  block))
          .isEqualTo(ranks.textToImage());
    }
  }

  @Test
  void namesOfVolumesAreCounted() {
    assertThatThrownBy(() -> Retrieval.ranks(new float[][] {{1}}, List.of("r"), List.of("a", "b")))
        .hasMessage("volumes must hold one name per pair (1), got 2");
  }

  private static int[] doubleLoop(float[][] q, float[][] t, int[] groups) {
    int[] ranks = new int[q.length];
    for (int i = 0; i < q.length; i++) {
      double best = -1e9;
      for (int j = 0; j < t.length; j++) {
        best = groups[i] == groups[j] ? Math.max(best, dot(q[i], t[j])) : best;
      }
      ranks[i] = 1;
      for (int j = 0; j < t.length; j++) {
        ranks[i] += groups[i] != groups[j] && dot(q[i], t[j]) >= best ? 1 : 0;
      }
    }
    return ranks;
  }

  private static double dot(float[] a, float[] b) {
    double sum = 0;
    for (int e = 0; e < E; e++) {
      sum += (double) a[e] * b[e];
    }
    return sum;
  }

  @Test
  void aPerfectModelFindsAllAndAReversedOneLittle() {
    NDArray eye = manager.eye(12);
    Retrieval perfect = Retrieval.evaluate(eye, eye);
    assertThat(perfect.imageToText().r1()).isEqualTo(1);
    assertThat(perfect.textToImage().medianRank()).isEqualTo(1);
    Retrieval reversed = Retrieval.evaluate(eye, eye.neg());
    assertThat(reversed.imageToText().medianRank()).isEqualTo(12);
    assertThat(reversed.imageToText().r10()).isZero();
  }

  @Test
  void aModelThatMapsEverythingToOnePointGetsTheLastRank() {
    NDArray same = manager.ones(new Shape(20, 1));
    Retrieval collapsed = Retrieval.evaluate(same, same);
    assertThat(collapsed.imageToText().medianRank()).isEqualTo(20);
    assertThat(collapsed.textToImage().r10()).isZero();
  }

  @Test
  void identicalReportsAreCorrectForEachOther() {
    // Volume 0 finds report 1, which reads as its own.
    NDArray image = manager.create(new float[][] {{1, 0}, {0.5f, 1}, {-1, 0}});
    NDArray text = manager.create(new float[][] {{0, -1}, {1, 0}, {-1, 0}});
    assertThat(Retrieval.evaluate(image, text).imageToText().r1()).isEqualTo(2 / 3.0);
    Retrieval withReports = Retrieval.evaluate(image, text, List.of("normal", "normal", "mass"));
    assertThat(withReports.imageToText().r1()).isEqualTo(1);
    Retrieval allSame = Retrieval.evaluate(image, text, Collections.nCopies(3, "normal"));
    assertThat(allSame.textToImage().medianRank()).isEqualTo(1);
  }

  @Test
  void nothingIsLeftBehind() {
    NDArray image = manager.create(random(10, 3));
    NDArray text = manager.create(random(10, 4));
    List<NDArray> before = ((BaseNDManager) manager).getManagedArrays();
    Retrieval.evaluate(image, text);
    assertThat(((BaseNDManager) manager).getManagedArrays())
        .contains(image, text)
        .hasSameSizeAs(before);
  }

  @Test
  void wrongInputsAreNamed() {
    NDArray three = manager.ones(new Shape(3, 4));
    assertThatThrownBy(() -> Retrieval.evaluate(three, manager.ones(new Shape(2, 4))))
        .hasMessage(
            "textEmbeddings must be (N, E) = (3, 4), got (2, 4); row i must belong to volume i, of"
                + " one model");
    assertThatThrownBy(() -> Retrieval.evaluate(three, three, List.of("a")))
        .hasMessage("reports must hold one text per pair (3), got 1");
    assertThatThrownBy(() -> Retrieval.evaluate(three, three.mul(Float.NaN)))
        .hasMessage("textEmbeddings must be numbers, got NaN; the model has diverged");
    assertThatThrownBy(() -> Retrieval.evaluate(three.toType(DataType.INT32, false), three))
        .hasMessage("imageEmbeddings must be float32, got int32; cast with NDArray.toType");
    assertThatThrownBy(
            () -> Retrieval.evaluate(manager.ones(new Shape(0, 4)), manager.ones(new Shape(0, 4))))
        .hasMessage("Retrieval needs at least one query, got none");
  }
}
