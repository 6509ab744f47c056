package io.t3d.core.task.retrieve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.BaseNDManager;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.TestDevice;
import io.t3d.core.file.Safetensors;
import java.io.IOException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EmbeddingIndexTest {
  private final NDManager manager = TestDevice.manager();

  @AfterEach
  void close() {
    manager.close();
  }

  private static float[][] gaussian(int n, int width, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    float[][] rows = new float[n][width];
    for (float[] row : rows) {
      for (int e = 0; e < width; e++) {
        row[e] = (float) (random.nextDouble() + random.nextDouble() + random.nextDouble() - 1.5);
      }
    }
    return rows;
  }

  private NDArray unit(float[][] rows) {
    return manager.create(rows).normalize(2, 1);
  }

  private static int[] sorted(float[][] gallery, float[] query, int k) {
    return IntStream.range(0, gallery.length)
        .boxed()
        .sorted(Comparator.comparingDouble(i -> -cosine(gallery[i], query)))
        .limit(k)
        .mapToInt(i -> i)
        .toArray();
  }

  private static double cosine(float[] a, float[] b) {
    double ab = 0;
    double aa = 0;
    double bb = 0;
    for (int e = 0; e < a.length; e++) {
      ab += (double) a[e] * b[e];
      aa += (double) a[e] * a[e];
      bb += (double) b[e] * b[e];
    }
    return ab / Math.sqrt(aa * bb);
  }

  @Test
  void neighboursAreShownInNumbers() {
    assertThat(new Neighbours(new int[][] {{3, 1}}, new float[][] {{0.5f, 0.25f}}))
        .hasToString("Neighbours[rows=[[3, 1]], similarities=[[0.5, 0.25]]]");
  }

  @Test
  void exactSearchFindsWhatSortingFindsOverSeveralBlocks() {
    float[][] gallery = gaussian(8192 + 300, 16, 1);
    float[][] queries = gaussian(300, 16, 2);
    ExactIndex index = new ExactIndex(unit(gallery));
    int before = ((BaseNDManager) manager).getManagedArrays().size();
    Neighbours found = index.search(queries, 10);
    assertThat(((BaseNDManager) manager).getManagedArrays()).hasSize(before);
    for (int q = 0; q < queries.length; q += 23) {
      assertThat(found.rows()[q]).isEqualTo(sorted(gallery, queries[q], 10));
      assertThat((double) found.similarities()[q][9])
          .isCloseTo(cosine(gallery[found.rows()[q][9]], queries[q]), within(1e-5));
    }
    assertThat(new ExactIndex(unit(gaussian(4, 16, 3))).search(queries, 10).rows()[0]).hasSize(4);
  }

  @Test
  void theGraphFindsNearlyAllOfTheTrueNeighbours() {
    // Without clusters, 64 dimensions: harder than embeddings of a trained model.
    float[][] gallery = gaussian(5000, 64, 4);
    float[][] queries = gaussian(200, 64, 5);
    Neighbours exact = new ExactIndex(unit(gallery)).search(queries, 10);
    try (HnswIndex index = HnswIndex.of(gallery)) {
      assertThat(index.size()).isEqualTo(5000);
      Neighbours found = index.search(queries, 10);
      double recall = recall(found, exact);
      assertThat(recall).isGreaterThanOrEqualTo(0.95);
      assertThat(found.similarities()[0][0]).isCloseTo(exact.similarities()[0][0], within(1e-5f));
    }
  }

  private static double recall(Neighbours found, Neighbours exact) {
    int hits = 0;
    for (int q = 0; q < exact.rows().length; q++) {
      Set<Integer> truth = new HashSet<>(Arrays.stream(exact.rows()[q]).boxed().toList());
      hits += (int) Arrays.stream(found.rows()[q]).filter(truth::contains).count();
    }
    return hits / (10.0 * exact.rows().length);
  }

  @Test
  void anIndexOnDiskSaysTheSameWhenOpenedAgain(@TempDir Path dir) throws IOException {
    float[][] gallery = gaussian(500, 8, 6);
    float[][] queries = gaussian(20, 8, 7);
    Neighbours first;
    try (HnswIndex built = HnswIndex.build(dir, gallery)) {
      first = built.search(queries, 5);
    }
    try (HnswIndex again = HnswIndex.open(dir)) {
      assertThat(again.search(queries, 5).rows()).isDeepEqualTo(first.rows());
    }
    try (HnswIndex smaller = HnswIndex.build(dir, gaussian(3, 8, 8))) {
      assertThat(smaller.size()).isEqualTo(3);
      assertThat(smaller.search(queries, 5).rows()[0]).hasSize(3);
    }
  }

  @Test
  void partsOfAGraphAreSearchedTogetherOrMerged(@TempDir Path dir) throws IOException {
    float[][] gallery = gaussian(900, 16, 9);
    float[][] queries = gaussian(30, 16, 10);
    List<float[]> rows = Arrays.asList(gallery);
    Path first = dir.resolve("first");
    Path second = dir.resolve("second");
    HnswIndex.buildPart(second, rows.subList(400, 900), 400);
    assertThatThrownBy(() -> HnswIndex.open(second))
        .isInstanceOf(IOException.class)
        .hasMessage(
            "An index must hold each of its 500 rows once, row 0 is missing; open all parts of the"
                + " gallery, each built with the number of its first row");
    HnswIndex.buildPart(first, rows.subList(0, 400), 0);
    HnswIndex.merge(dir.resolve("all"), List.of(first, second));
    Neighbours exact = new ExactIndex(unit(gallery)).search(queries, 10);
    try (HnswIndex together = HnswIndex.open(List.of(second, first));
        HnswIndex merged = HnswIndex.open(dir.resolve("all"))) {
      assertThat(together.size()).isEqualTo(900);
      assertThat(recall(together.search(queries, 10), exact)).isGreaterThanOrEqualTo(0.99);
      assertThat(recall(merged.search(queries, 10), exact)).isGreaterThanOrEqualTo(0.99);
    }
    assertThatThrownBy(() -> HnswIndex.open(List.of(first, first)))
        .hasMessageContaining("row 0 twice");
    assertThatThrownBy(() -> HnswIndex.merge(first, List.of(first, second)))
        .hasMessageContaining("a folder of its own");
    assertThatThrownBy(() -> HnswIndex.buildPart(first, rows, -1))
        .hasMessage("firstRow must be >= 0, got -1");
  }

  @Test
  void mappedFilesAreSearchedAsOneGallery(@TempDir Path dir) throws IOException {
    float[][] gallery = gaussian(700, 16, 11);
    float[][] queries = gaussian(40, 16, 12);
    NDArray all = unit(gallery);
    List<Path> files = List.of(dir.resolve("0.safetensors"), dir.resolve("1.safetensors"));
    Safetensors.write(files.get(0), Map.of("volumes", all.get("0:250")), Map.of("files", "[]"));
    Safetensors.write(
        files.get(1),
        Map.of("volumes", all.get("250:700"), "reports", all.get("0:450").neg()),
        Map.of());
    Neighbours exact = new ExactIndex(all).search(queries, 10);
    int before = ((BaseNDManager) manager).getManagedArrays().size();
    try (MappedIndex mapped = MappedIndex.open(manager, files, "volumes")) {
      assertThat(mapped.size()).isEqualTo(700);
      assertThat(mapped.width()).isEqualTo(16);
      Neighbours found = mapped.search(queries, 10);
      assertThat(found.rows()).isDeepEqualTo(exact.rows());
      assertThat(mapped.search(queries, 800).rows()[3]).hasSize(700);
      List<float[]> rows = new ArrayList<>();
      mapped.rows(249, 252).forEach(rows::add);
      assertThat(rows).hasSize(3);
      assertThat(rows.get(0)).isEqualTo(all.get(249).toFloatArray());
      assertThat(rows.get(2)).isEqualTo(all.get(251).toFloatArray());
    }
    assertThat(((BaseNDManager) manager).getManagedArrays()).hasSize(before + 2);
    assertThatThrownBy(() -> MappedIndex.open(manager, files, "reports"))
        .isInstanceOf(IOException.class)
        .hasMessage(files.get(0) + " has no tensor reports, only [volumes]");
  }

  @Test
  void aMappedGalleryMustBeOfLengthOneAndWidth(@TempDir Path dir) throws IOException {
    Path longer = dir.resolve("longer.safetensors");
    Path wide = dir.resolve("wide.safetensors");
    Path good = dir.resolve("good.safetensors");
    Safetensors.write(longer, Map.of("volumes", manager.eye(3).mul(2)), Map.of());
    Safetensors.write(wide, Map.of("volumes", manager.eye(4)), Map.of());
    Safetensors.write(good, Map.of("volumes", manager.eye(3)), Map.of());
    assertThatThrownBy(() -> MappedIndex.open(manager, List.of(good, longer), "volumes"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("must be L2-normalised, got length 2.0 at row 0");
    assertThatThrownBy(() -> MappedIndex.open(manager, List.of(good, wide), "volumes"))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("its embeddings have 4 columns");
    assertThatThrownBy(() -> MappedIndex.open(manager, List.of(), "volumes"))
        .hasMessage("An index needs a file of embeddings, got none");
  }

  @Test
  void wrongInputsAreNamed(@TempDir Path empty) {
    ExactIndex exact = new ExactIndex(manager.eye(3));
    assertThatThrownBy(() -> exact.search(new float[][] {{1, 2}}, 1))
        .hasMessage(
            "embeddings must have D = 3 columns, got 2 in row 0; they must come from the encoder"
                + " that was used");
    assertThatThrownBy(() -> exact.search(new float[1][3], 1))
        .hasMessage("embeddings must have a direction, got a row of zeros at row 0");
    assertThatThrownBy(() -> exact.search(new float[][] {{1, 2, 3}}, 0))
        .hasMessage("k must be > 0, got 0");
    assertThatThrownBy(() -> HnswIndex.of(new float[0][3]))
        .hasMessage("An index needs embeddings, got none");
    assertThatThrownBy(() -> HnswIndex.of(new float[1][2000]))
        .hasMessage("An HNSW index holds up to 1024 dimensions, got 2000; use ExactIndex");
    assertThatThrownBy(() -> HnswIndex.open(empty)).isInstanceOf(IOException.class);
    Path missing = empty.resolve("missing");
    assertThatThrownBy(() -> HnswIndex.open(missing))
        .isInstanceOf(NoSuchFileException.class)
        .hasMessageContaining(missing + ": expected the folder of an index");
    assertThat(missing).as("a folder that asking for it has made").doesNotExist();
    assertThatThrownBy(() -> new ExactIndex(manager.ones(new Shape(0, 3))))
        .hasMessage("An index needs embeddings, got none");
    assertThatThrownBy(() -> new ExactIndex(manager.ones(new Shape(3))))
        .hasMessageStartingWith("gallery must be (N, E)");
  }
}
