package io.t3d.core.task.retrieve;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.t3d.core.internal.Scopes;
import io.t3d.core.model.VolumeFeatures;
import io.t3d.core.task.TextScores;
import io.t3d.core.task.internal.Embeddings;
import io.t3d.core.torch.internal.NoGrad;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Two-stage search for reports, for galleries too large to score every pair: an index of whole
 * reports proposes candidates, which their sentences then rerank.
 *
 * <pre>{@code
 * try (SentenceReference reference = SentenceReference.of(model, some, 0.1, n -> {})) {
 *   ReportSearch search = ReportSearch.create(index, reports, reference, mix);
 *   Neighbours best = search.search(model.encodeVolumeTokens(volumes), 100, 10);
 * }
 * }</pre>
 *
 * <p>With all reports as candidates the order is that of {@link RetrievalMix#scores}, means and
 * standard deviations being those over the reference volumes. Holds {@code 4 · E} bytes per
 * different sentence of the gallery.
 */
public final class ReportSearch {
  /** Candidates that are usually enough. */
  public static final int CANDIDATES = 100;

  private final EmbeddingIndex index;
  private final int[][] ofReport;
  private final float[][] sentences; // [S][E]
  private final double[] means; // [S]
  private final double[] deviations; // [R]
  private final double temperature;
  private final RetrievalMix mix;

  private ReportSearch(
      EmbeddingIndex index,
      int[][] ofReport,
      SentenceReference.Known known,
      double temperature,
      RetrievalMix mix) {
    this.index = index;
    this.ofReport = ofReport;
    this.sentences = known.embeddings();
    this.means = PairScores.means(known.pooled());
    this.deviations = SentencesOfReports.deviations(known.pooled(), means, ofReport);
    this.temperature = temperature;
    this.mix = mix;
  }

  /**
   * Encodes the sentences of the gallery and scores them on the reference volumes.
   *
   * @param index of the reports' embeddings, row r of report r; stays the caller's
   * @param reports R texts
   * @param reference volumes of the kind that is asked for; no longer needed afterwards
   * @param mix what candidates are ordered by; see {@link RetrievalMix#choose}
   * @throws IllegalArgumentException when the index has another size
   */
  public static ReportSearch create(
      EmbeddingIndex index, List<String> reports, SentenceReference reference, RetrievalMix mix) {
    if (index.size() != reports.size()) {
      throw new IllegalArgumentException(
          "The index must hold the reports' embeddings, one row per report ("
              + reports.size()
              + "), got "
              + index.size());
    }
    SentencesOfReports split = SentencesOfReports.of(reports);
    return new ReportSearch(
        index, split.ofReport(), reference.know(split.sentences()), reference.temperature(), mix);
  }

  /**
   * Finds the best reports.
   *
   * @param volumes Q volumes with their tokens
   * @param candidates of the first stage, at least k; {@link #CANDIDATES} usually do
   * @param k how many of each
   * @return rows are reports; similarities are those of the mix
   * @throws IllegalArgumentException when k &lt; 1 or there are fewer candidates than k
   */
  public Neighbours search(VolumeFeatures volumes, int candidates, int k) {
    Reranking.check(candidates, k);
    float[][] queries = Embeddings.rows("volumes", volumes.embeddings(), -1);
    Neighbours first = index.search(queries, candidates);
    return Reranking.of(first, k, mix, (q, found) -> bySentences(volumes.tokens(), q, found));
  }

  private float[] bySentences(NDArray tokens, int query, int[] candidates) {
    int[] some = // sentences of any candidate, ascending
        Arrays.stream(candidates)
            .flatMap(r -> Arrays.stream(ofReport[r]))
            .distinct()
            .sorted()
            .toArray();
    try (NoGrad constant = new NoGrad();
        NDManager scope = tokens.getManager().newSubManager()) {
      NDArray one = Scopes.handle(tokens, scope).get(query + ":" + (query + 1)); // (1, N, E)
      NDArray texts =
          scope
              .create(Arrays.stream(some).mapToObj(s -> sentences[s]).toArray(float[][]::new))
              .toDevice(tokens.getDevice(), false); // (S, E)
      float[] pooled = TextScores.pooledScores(one, texts, temperature)[0];
      double[] own = Arrays.stream(some).mapToDouble(s -> means[s]).toArray();
      float[] out = new float[candidates.length];
      for (int c = 0; c < out.length; c++) {
        int report = candidates[c];
        int[] at = IntStream.of(ofReport[report]).map(s -> Arrays.binarySearch(some, s)).toArray();
        out[c] = SentencesOfReports.score(pooled, own, at, deviations[report]);
      }
      return out;
    }
  }
}
