package io.t3d.core.eval;

import java.util.List;
import java.util.stream.IntStream;

/**
 * Confidence intervals of {@link RetrievalScores}, by resampling the queries against a fixed
 * gallery.
 *
 * @param r1 of recall@1
 * @param r5 of recall@5
 * @param r10 of recall@10
 * @param r50 of recall@50
 * @param medianRank of the middle rank
 */
public record RetrievalIntervals(
    Interval r1, Interval r5, Interval r10, Interval r50, Interval medianRank) {
  /**
   * Resamples.
   *
   * @param ranks one per query, from 1
   * @param units one name per query, patients if possible; see {@link Bootstrap}
   * @throws IllegalArgumentException when counts differ or there is no query
   */
  public static RetrievalIntervals of(int[] ranks, List<String> units, Bootstrap bootstrap) {
    if (units.size() != ranks.length || ranks.length == 0) {
      throw new IllegalArgumentException(
          "units must name one unit per query (" + ranks.length + " > 0), got " + units.size());
    }
    List<Interval> all =
        bootstrap.intervals(units, times -> statistics(ranks, times)).stream()
            .map(interval -> interval.orElseThrow()) // they are defined for any queries
            .toList();
    return new RetrievalIntervals(all.get(0), all.get(1), all.get(2), all.get(3), all.get(4));
  }

  private static double[] statistics(int[] ranks, int[] times) {
    int[] drawn =
        IntStream.range(0, ranks.length)
            .flatMap(i -> IntStream.generate(() -> ranks[i]).limit(times[i]))
            .toArray();
    RetrievalScores s = RetrievalScores.ofRanks(drawn);
    return new double[] {s.r1(), s.r5(), s.r10(), s.r50(), s.medianRank()};
  }
}
