package io.t3d.cli.benchmark.measure;

import io.t3d.core.task.TextScore;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.function.ToDoubleFunction;

/**
 * The three scores of L labels on the test volumes, and which of them does best on the validation
 * volumes.
 *
 * @param test {@code [n][L]} of each kind
 * @param chosen the kind of the highest quality on the validation volumes, the simpler one of equal
 *     ones
 */
public record ScoreChoice(Map<TextScore, double[][]> test, TextScore chosen) {
  /**
   * Scores and chooses.
   *
   * @param validation margins of each label
   * @param test margins of each label
   * @param quality of validation scores {@code [n][L]}; more is better, NaN is not chosen
   */
  public static ScoreChoice of(
      List<Margins> validation, List<Margins> test, ToDoubleFunction<double[][]> quality) {
    Map<TextScore, double[][]> scores = new EnumMap<>(TextScore.class);
    TextScore chosen = TextScore.GLOBAL;
    double best = Double.NEGATIVE_INFINITY;
    for (TextScore kind : TextScore.values()) {
      scores.put(kind, scores(kind, validation, test));
      double q = quality.applyAsDouble(scores(kind, validation, validation));
      if (q > best) {
        best = q;
        chosen = kind;
      }
    }
    return new ScoreChoice(scores, chosen);
  }

  private static double[][] scores(TextScore kind, List<Margins> scale, List<Margins> labels) {
    int n = labels.get(0).global().length;
    double[][] out = new double[n][labels.size()];
    for (int label = 0; label < labels.size(); label++) {
      double g = deviation(scale.get(label).global());
      double p = deviation(scale.get(label).pooled());
      Margins m = labels.get(label);
      for (int i = 0; i < n; i++) {
        out[i][label] =
            switch (kind) {
              case GLOBAL -> m.global()[i];
              case POOLED -> m.pooled()[i];
              case SUM -> m.global()[i] / g + m.pooled()[i] / p;
            };
      }
    }
    return out;
  }

  static double deviation(double[] values) {
    double mean = 0;
    for (double v : values) {
      mean += v / values.length;
    }
    double squares = 0;
    for (double v : values) {
      squares += (v - mean) * (v - mean) / values.length;
    }
    return Math.max(Math.sqrt(squares), 1e-12);
  }
}
