package io.t3d.core.task.retrieve;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.t3d.core.task.TextScores;
import io.t3d.core.task.internal.Embeddings;
import io.t3d.core.torch.internal.NoGrad;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;

/**
 * Two-stage search for volumes, for galleries too large to score every pair: an index of whole
 * volumes proposes candidates, which the report's sentences then rerank; {@link ReportSearch} is
 * the other direction.
 *
 * <pre>{@code
 * VolumeSearch.Tokens encodedAgain =
 *     (owner, rows) -> model.encodeVolumeTokens(gallery.load(owner, rows)).tokens();
 * try (SentenceReference reference = SentenceReference.of(model, some, 0.1, n -> {})) {
 *   VolumeSearch search = new VolumeSearch(index, encodedAgain, reference, mix);
 *   Neighbours best = search.search(List.of("Large right pleural effusion."), 100, 10);
 * }
 * }</pre>
 *
 * <p>With all volumes as candidates the order is that of {@link RetrievalMix#scores}, means and
 * standard deviations being those over the reference volumes.
 */
public final class VolumeSearch {
  private static final int VOLUMES_AT_ONCE = 8;

  private final EmbeddingIndex index;
  private final Tokens tokens;
  private final SentenceReference reference;
  private final RetrievalMix mix;

  /** The tokens of the gallery's volumes, stored or encoded anew. */
  @FunctionalInterface
  public interface Tokens {
    /**
     * Tokens of some volumes.
     *
     * @param owner may own the result; on the model's device
     * @param rows which volumes
     * @return {@code (rows, N, E)}, float32: projected tokens, not normalised
     * @throws IOException when they cannot be read
     */
    NDArray load(NDManager owner, int[] rows) throws IOException;
  }

  /**
   * A search; all parts stay the caller's.
   *
   * @param index of the volumes' embeddings
   * @param tokens of the same volumes, in the same order
   * @param reference volumes of the gallery's kind, to tell how well a sentence fits in general
   * @param mix what candidates are ordered by; see {@link RetrievalMix#choose}
   */
  public VolumeSearch(
      EmbeddingIndex index, Tokens tokens, SentenceReference reference, RetrievalMix mix) {
    this.index = index;
    this.tokens = tokens;
    this.reference = reference;
    this.mix = mix;
  }

  /**
   * Finds the best volumes.
   *
   * @param reports Q texts, none blank
   * @param candidates of the first stage, at least k; {@link ReportSearch#CANDIDATES} usually do
   * @param k how many of each
   * @return rows are volumes; similarities are those of the mix
   * @throws IOException when a candidate's tokens cannot be read
   * @throws IllegalArgumentException when k &lt; 1 or there are fewer candidates than k
   */
  public Neighbours search(List<String> reports, int candidates, int k) throws IOException {
    Reranking.check(candidates, k);
    try (NoGrad constant = new NoGrad();
        NDManager scope = reference.newScope()) {
      NDArray queries = reference.model().encodeReports(scope, reports); // (Q, E)
      Neighbours first = index.search(Embeddings.rows("reports", queries, -1), candidates);
      return Reranking.of(first, k, mix, (q, found) -> bySentences(reports.get(q), found));
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
  }

  private float[] bySentences(String report, int[] candidates) {
    SentencesOfReports split = SentencesOfReports.of(List.of(report));
    SentenceReference.Known sentences = reference.know(split.sentences());
    double[] means = PairScores.means(sentences.pooled());
    double deviation =
        SentencesOfReports.deviations(sentences.pooled(), means, split.ofReport())[0];
    float[] out = new float[candidates.length];
    try (NDManager scope = reference.newScope()) {
      NDArray texts = scope.create(sentences.embeddings()); // (S, E)
      for (int from = 0; from < candidates.length; from += VOLUMES_AT_ONCE) {
        int to = Math.min(candidates.length, from + VOLUMES_AT_ONCE);
        try (NDManager step = scope.newSubManager()) {
          NDArray some = tokens.load(step, Arrays.copyOfRange(candidates, from, to)); // (c, N, E)
          float[][] pooled = TextScores.pooledScores(some, texts, reference.temperature());
          for (int c = from; c < to; c++) {
            out[c] =
                SentencesOfReports.score(pooled[c - from], means, split.ofReport()[0], deviation);
          }
        }
      }
      return out;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
