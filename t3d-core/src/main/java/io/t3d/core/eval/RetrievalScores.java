package io.t3d.core.eval;

import java.util.Arrays;

/**
 * Retrieval metrics, computed from the rank of the first correct target of each query (1 is best).
 *
 * @param queries number of queries
 * @param r1 recall@1: share of queries whose first correct target is at rank 1
 * @param r5 recall@5
 * @param r10 recall@10
 * @param r50 recall@50
 * @param medianRank the middle rank; the mean of the two middle ones when their number is even
 */
public record RetrievalScores(
    int queries, double r1, double r5, double r10, double r50, double medianRank) {
  /**
   * Summarises ranks.
   *
   * @param ranks one per query, from 1
   * @throws IllegalArgumentException when there is no query or a rank is below 1
   */
  public static RetrievalScores ofRanks(int[] ranks) {
    return new RetrievalScores(
        ranks.length,
        recallAt(1, ranks),
        recallAt(5, ranks),
        recallAt(10, ranks),
        recallAt(50, ranks),
        median(ranks));
  }

  /**
   * Recall@k: the share of queries with a correct target among the first k.
   *
   * @param k number of targets looked at, &gt; 0
   * @param ranks one per query, from 1
   * @throws IllegalArgumentException when k or a rank is below 1 or there is no query
   */
  public static double recallAt(int k, int[] ranks) {
    check(ranks);
    if (k < 1) {
      throw new IllegalArgumentException("k must be > 0, got " + k);
    }
    return Arrays.stream(ranks).filter(r -> r <= k).count() / (double) ranks.length;
  }

  private static double median(int[] ranks) {
    int[] sorted = ranks.clone();
    Arrays.sort(sorted);
    int n = sorted.length;
    return (sorted[(n - 1) / 2] + (double) sorted[n / 2]) / 2;
  }

  private static void check(int[] ranks) {
    if (ranks.length == 0) {
      throw new IllegalArgumentException("Retrieval needs at least one query, got none");
    }
    for (int rank : ranks) {
      if (rank < 1) {
        throw new IllegalArgumentException("Ranks start at 1, got " + rank);
      }
    }
  }
}
