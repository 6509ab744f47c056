package io.t3d.core.task.retrieve;

import java.util.Comparator;
import java.util.stream.IntStream;

/** The second stage of a search: candidates in the order of a better score. */
final class Reranking {
  private Reranking() {}

  /** The scores of a query's candidates; {@code sentences[c]} belongs to candidate c. */
  interface SentenceScores {
    float[] of(int query, int[] candidates);
  }

  /**
   * Orders candidates; of equal ones the first stage's order stays.
   *
   * @param first what the first stage found
   * @param k how many stay
   */
  static Neighbours of(Neighbours first, int k, RetrievalMix mix, SentenceScores sentences) {
    int[][] rows = new int[first.rows().length][];
    float[][] scores = new float[rows.length][];
    for (int q = 0; q < rows.length; q++) {
      int[] candidates = first.rows()[q];
      float[] cosines = first.similarities()[q];
      float[] bySentence = sentences.of(q, candidates);
      double[] mixed =
          IntStream.range(0, candidates.length)
              .mapToDouble(c -> mix.score(cosines[c], bySentence[c]))
              .toArray();
      int[] best =
          IntStream.range(0, candidates.length)
              .boxed()
              .sorted(Comparator.comparingDouble((Integer c) -> mixed[c]).reversed())
              .limit(k)
              .mapToInt(c -> c)
              .toArray();
      rows[q] = IntStream.of(best).map(c -> candidates[c]).toArray();
      scores[q] = new float[best.length];
      for (int i = 0; i < best.length; i++) {
        scores[q][i] = (float) mixed[best[i]];
      }
    }
    return new Neighbours(rows, scores);
  }

  static void check(int candidates, int k) {
    if (k < 1 || candidates < k) {
      throw new IllegalArgumentException(
          "A search in two stages needs 1 <= k <= candidates, got k "
              + k
              + " and "
              + candidates
              + " candidates");
    }
  }
}
