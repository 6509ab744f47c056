package io.t3d.core.task.retrieve;

import io.t3d.core.text.Sentences;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The sentences of R reports, each once.
 *
 * @param sentences S different texts, in order of appearance
 * @param ofReport {@code [R][…]}: which of them each report has, in order; one that it repeats
 *     counts as often
 */
public record SentencesOfReports(List<String> sentences, int[][] ofReport) {
  /**
   * Splits reports by {@link Sentences#of}.
   *
   * @param reports R texts, none blank
   */
  public static SentencesOfReports of(List<String> reports) {
    Map<String, Integer> known = new HashMap<>();
    List<String> sentences = new java.util.ArrayList<>();
    int[][] ofReport = new int[reports.size()][];
    for (int r = 0; r < ofReport.length; r++) {
      List<String> own = Sentences.of(reports.get(r));
      ofReport[r] = new int[own.size()];
      for (int k = 0; k < own.size(); k++) {
        Integer at = known.putIfAbsent(own.get(k), sentences.size());
        if (at == null) {
          at = sentences.size();
          sentences.add(own.get(k));
        }
        ofReport[r][k] = at;
      }
    }
    return new SentencesOfReports(List.copyOf(sentences), ofReport);
  }

  /** Mean over sentences of what their score is above their mean. */
  static float score(float[] pooled, double[] means, int[] sentences) {
    double sum = 0;
    for (int s : sentences) {
      sum += pooled[s] - means[s];
    }
    return (float) (sum / sentences.length);
  }
}
