package io.t3d.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.t3d.core.T3dException;
import io.t3d.core.T3dException.Kind;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.model.T3DModel;
import io.t3d.data.manifest.Manifest;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.phantom.generate.PhantomDataset;
import io.t3d.pipeline.RowEmbeddings.RowEmbedding;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RowEmbeddingsTest {
  private static final int COUNT = 11;
  private static List<ManifestRow> rows;
  private static TrainedModel trained;

  @BeforeAll
  static void phantoms(@TempDir Path dir) throws IOException {
    Path manifest = PhantomDataset.write(dir.resolve("phantoms"), COUNT, 5);
    rows = Manifest.read(manifest).rows();
    trained =
        new TrainedModel(
            T3DModel.create(T3DConfig.tiny(), TestDevice.get(), 1),
            PretrainConfig.tiny().data(),
            java.util.Optional.empty());
  }

  @AfterAll
  static void close() {
    trained.close();
  }

  private static Embedder embedder() {
    return new Embedder(trained.model(), trained.data());
  }

  private static List<RowEmbedding> all(List<ManifestRow> some) throws IOException {
    List<RowEmbedding> out = new ArrayList<>();
    try (RowEmbeddings stream = embedder().stream(some, 2, new ReentrantLock())) {
      while (stream.hasNext()) {
        out.addAll(stream.next());
      }
    }
    return out;
  }

  private static List<float[]> whole() throws IOException {
    try (NDManager scope = trained.model().manager().newSubManager()) {
      NDArray vectors = embedder().embedRows(scope, rows, n -> {});
      float[] flat = vectors.toFloatArray();
      int width = (int) vectors.getShape().get(1);
      List<float[]> out = new ArrayList<>();
      for (int i = 0; i < COUNT; i++) {
        out.add(java.util.Arrays.copyOfRange(flat, i * width, (i + 1) * width));
      }
      return out;
    }
  }

  @Test
  void aVectorThatIsNotFiniteIsHandedOnAndEndsNothing() throws IOException {
    NDArray weights = trained.model().parameters().get("vision_projection.weight").getArray();
    float[] before = weights.toFloatArray();
    float[] broken = before.clone();
    broken[0] = Float.NaN;
    weights.set(broken);
    try (NDManager scope = trained.model().manager().newSubManager()) {
      assertThat(all(rows))
          .hasSize(COUNT)
          .allSatisfy(
              row -> {
                assertThat(row.problem()).isEmpty();
                assertThat(row.vector().orElseThrow()).contains(Float.NaN);
              });
      assertThatThrownBy(() -> embedder().embedRows(scope, rows, n -> {}))
          .isInstanceOf(T3dException.class)
          .hasMessageStartingWith("The embedding of volume 0 (from 0) is not finite");
    } finally {
      weights.set(before);
    }
  }

  @Test
  void vectorsAreThoseOfTheWholeInEveryBitAlsoWhenBegunAtALaterBatch() throws IOException {
    List<float[]> expected = whole();
    List<RowEmbedding> streamed = all(rows);
    assertThat(streamed).extracting(RowEmbedding::row).isEqualTo(rows);
    for (int i = 0; i < COUNT; i++) {
      assertThat(streamed.get(i).vector().orElseThrow()).containsExactly(expected.get(i));
    }
    List<RowEmbedding> later = all(rows.subList(Embedder.BATCH, COUNT));
    for (int i = Embedder.BATCH; i < COUNT; i++) {
      assertThat(later.get(i - Embedder.BATCH).vector().orElseThrow())
          .containsExactly(expected.get(i));
    }
  }

  @Test
  void aBadVolumeIsARowWithItsReasonAndChangesNoBitOfTheOthers(@TempDir Path dir)
      throws IOException {
    Path cut = dir.resolve("cut.nii.gz");
    byte[] bytes = Files.readAllBytes(rows.get(2).volume());
    Files.write(cut, java.util.Arrays.copyOf(bytes, bytes.length / 2));
    List<ManifestRow> some = new ArrayList<>(rows);
    some.set(2, rows.get(2).withFiles(cut, java.util.Optional.empty()));
    some.set(9, rows.get(9).withFiles(dir.resolve("none.nii"), java.util.Optional.empty()));
    List<float[]> expected = whole();
    List<RowEmbedding> streamed = all(some);
    assertThat(streamed).hasSize(COUNT);
    for (int i = 0; i < COUNT; i++) {
      if (i == 2 || i == 9) {
        assertThat(streamed.get(i).vector()).isEmpty();
      } else {
        assertThat(streamed.get(i).vector().orElseThrow()).containsExactly(expected.get(i));
        assertThat(streamed.get(i).problem()).isEmpty();
      }
    }
    assertThat(streamed.get(2).problem().orElseThrow()).contains("cut.nii.gz");
    assertThat(streamed.get(9).problem().orElseThrow()).contains("no such file");
  }

  @Test
  void aMachineWithoutNativesIsAnErrorAndNoBadRow() {
    T3dException missing = new T3dException(Kind.ENVIRONMENT, "no natives");
    try (RowEmbeddings stream =
        new RowEmbeddings(
            rows.subList(0, 1),
            row -> {
              throw missing;
            },
            views -> List.of(),
            1,
            new ReentrantLock())) {
      assertThatThrownBy(stream::next).isSameAs(missing);
    }
  }

  @Test
  void batchesWithoutAGoodVolumeAreNotEncoded() throws IOException {
    try (RowEmbeddings stream =
        new RowEmbeddings(
            rows.subList(0, 2),
            row -> {
              throw new IOException("cannot be read");
            },
            views -> {
              throw new AssertionError("nothing to encode");
            },
            1,
            new ReentrantLock())) {
      assertThat(stream.next())
          .allSatisfy(row -> assertThat(row.problem()).contains("cannot be read"));
      assertThat(stream.hasNext()).isFalse();
    }
  }
}
