package io.t3d.core.task.retrieve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.TestDevice;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.model.T3DModel;
import io.t3d.core.task.TextScores;
import io.t3d.core.task.VolumeBatches;
import io.t3d.core.task.internal.Embeddings;
import java.io.IOException;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class SearchInTwoStagesTest {
  private static final int SIZE = 16;
  private static final List<String> REPORTS =
      List.of(
          "Large nodule in the left lung. No effusion.",
          "No effusion. The heart is enlarged.",
          "Small right effusion.",
          "Emphysema of both upper lobes. Calcified aorta. No nodule.",
          "No effusion. No nodule.",
          "Atelectasis at the left base. The heart is normal.",
          "Pneumothorax on the right. No effusion.",
          "The lungs are clear.",
          "Calcified aorta.",
          "Consolidation of the right lower lobe. Small right effusion.");
  private static final int N = REPORTS.size();

  private static T3DModel model;
  private static NDManager manager;
  private static float[][] volumes; // (N, E)
  private static float[][] reports;
  private static PairScores pairs;
  private static RetrievalMix mix;
  private static SentenceReference reference;

  /** Volumes that differ in more than noise. */
  private static final VolumeBatches GALLERY =
      new VolumeBatches() {
        @Override
        public int size() {
          return N;
        }

        @Override
        public NDArray load(NDManager owner, int[] rows) {
          float[] voxels = new float[rows.length * SIZE * SIZE * SIZE];
          int at = 0;
          for (int row : rows) {
            SplittableRandom random = new SplittableRandom(row);
            for (int k = 0; k < SIZE * SIZE * SIZE; k++) {
              double wave = Math.sin((row + 1) * 0.001 * k);
              voxels[at++] = (float) (wave + 0.3 * random.nextDouble());
            }
          }
          return owner.create(voxels, new Shape(rows.length, 1, SIZE, SIZE, SIZE));
        }
      };

  @BeforeAll
  static void scoreAllPairs() throws IOException {
    model = T3DModel.create(T3DConfig.tiny(), TestDevice.get(), 1);
    manager = model.manager().newSubManager();
    TextScores seen =
        TextScores.of(model, GALLERY, SentencesOfReports.of(REPORTS).sentences(), 0.1, n -> {});
    volumes = seen.volumes();
    reports = Embeddings.rows("reports", model.encodeReports(manager, REPORTS), -1);
    pairs = PairScores.of(seen, reports, REPORTS);
    mix = RetrievalMix.sum(pairs, 1);
    reference = SentenceReference.of(model, GALLERY, 0.1, n -> {});
  }

  @AfterAll
  static void close() {
    reference.close();
    model.close();
  }

  private static NDArray all() {
    try {
      return GALLERY.load(manager, IntStream.range(0, N).toArray());
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static Neighbours reportsOfVolumes(int candidates, int k) {
    ReportSearch search =
        ReportSearch.create(new ExactIndex(manager.create(reports)), REPORTS, reference, mix);
    return search.search(model.encodeVolumeTokens(all()), candidates, k);
  }

  private static Neighbours volumesOfReports(int candidates, int k) throws IOException {
    VolumeSearch search =
        new VolumeSearch(
            new ExactIndex(manager.create(volumes)),
            (owner, rows) -> model.encodeVolumeTokens(GALLERY.load(owner, rows)).tokens(),
            reference,
            mix);
    return search.search(REPORTS, candidates, k);
  }

  /** The scores of a query with all targets. */
  private static float[] row(int query, boolean byVolume) {
    float[][] scores = mix.scores(pairs);
    return byVolume
        ? scores[query]
        : floats(IntStream.range(0, N).mapToObj(i -> scores[i][query]).toList());
  }

  private static float[] floats(List<Float> values) {
    float[] out = new float[values.size()];
    IntStream.range(0, out.length).forEach(i -> out[i] = values.get(i));
    return out;
  }

  private static int[] ranking(float[] scores, Set<Integer> among) {
    return IntStream.range(0, scores.length)
        .filter(among::contains)
        .boxed()
        .sorted(Comparator.comparingDouble((Integer i) -> -scores[i]))
        .mapToInt(i -> i)
        .toArray();
  }

  private static void assertFullRanking(Neighbours found, boolean byVolume) {
    for (int q = 0; q < N; q++) {
      float[] scores = row(q, byVolume);
      Set<Integer> all = new HashSet<>(IntStream.range(0, N).boxed().toList());
      assertThat(found.rows()[q]).as("query %d", q).isEqualTo(ranking(scores, all));
      for (int k = 0; k < N; k++) {
        assertThat(found.similarities()[q][k]).isCloseTo(scores[found.rows()[q][k]], within(1e-2f));
      }
    }
  }

  @Test
  void withAllCandidatesTheRankingIsTheFullOne() throws IOException {
    assertFullRanking(reportsOfVolumes(N, N), true);
    assertFullRanking(volumesOfReports(N, N), false);
  }

  @Test
  void withFewerTheRankingIsTheFullOneOfTheCandidates() throws IOException {
    int candidates = 4;
    for (boolean byVolume : new boolean[] {true, false}) {
      Neighbours first =
          byVolume
              ? new ExactIndex(manager.create(reports)).search(volumes, candidates)
              : new ExactIndex(manager.create(volumes)).search(reports, candidates);
      Neighbours found =
          byVolume ? reportsOfVolumes(candidates, 3) : volumesOfReports(candidates, 3);
      for (int q = 0; q < N; q++) {
        Set<Integer> among = new HashSet<>(Arrays.stream(first.rows()[q]).boxed().toList());
        int[] expected = Arrays.copyOf(ranking(row(q, byVolume), among), 3);
        assertThat(found.rows()[q]).as("query %d", q).isEqualTo(expected);
      }
    }
  }

  @Test
  void hnswGivesTheSameCandidates() {
    try (HnswIndex index = HnswIndex.of(reports)) {
      ReportSearch search = ReportSearch.create(index, REPORTS, reference, mix);
      Neighbours found = search.search(model.encodeVolumeTokens(all()), N, 5);
      assertThat(found.rows()).isDeepEqualTo(reportsOfVolumes(N, 5).rows());
    }
  }

  @Test
  void wrongInputsAreNamed() {
    assertThatThrownBy(() -> reportsOfVolumes(3, 4))
        .hasMessage("A search in two stages needs 1 <= k <= candidates, got k 4 and 3 candidates");
    ExactIndex index = new ExactIndex(manager.create(reports));
    assertThatThrownBy(() -> ReportSearch.create(index, REPORTS.subList(0, 2), reference, mix))
        .hasMessage("The index must hold the reports' embeddings, one row per report (2), got 10");
    VolumeBatches none =
        new VolumeBatches() {
          @Override
          public int size() {
            return 0;
          }

          @Override
          public NDArray load(NDManager owner, int[] rows) {
            throw new AssertionError();
          }
        };
    assertThatThrownBy(() -> SentenceReference.of(model, none, 0.1, n -> {}))
        .hasMessage("A reference needs volumes, got none; take some of the gallery's kind");
  }
}
