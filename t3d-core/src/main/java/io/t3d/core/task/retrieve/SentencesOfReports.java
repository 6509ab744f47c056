package io.t3d.core.task.retrieve;

import io.t3d.core.text.Sentences;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The distinct sentences of R reports, and the sentences each report consists of.
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

  /** Mean over sentences of what their score is above their mean, in standard deviations. */
  static float score(float[] pooled, double[] means, int[] sentences, double deviation) {
    return (float) (fit(pooled, means, sentences) / deviation);
  }

  private static double fit(float[] pooled, double[] means, int[] sentences) {
    double sum = 0;
    for (int s : sentences) {
      sum += pooled[s] - means[s];
    }
    return sum / sentences.length;
  }

  /**
   * How much each report's fit spreads over reference volumes; 1 where it does not.
   *
   * @param pooled {@code [n][S]}, the reference volumes'
   * @param means {@code [S]}, over the same volumes
   * @param ofReport {@code [R][…]}: columns of each report's sentences
   */
  static double[] deviations(float[][] pooled, double[] means, int[][] ofReport) {
    return Arrays.stream(ofReport)
        .parallel()
        .mapToDouble(
            own -> {
              double squares = 0;
              for (float[] row : pooled) {
                double fit = fit(row, means, own);
                squares += fit * fit;
              }
              double deviation = Math.sqrt(squares / pooled.length);
              return deviation > 1e-6 ? deviation : 1; // scores are float32 cosines
            })
        .toArray();
  }
}
