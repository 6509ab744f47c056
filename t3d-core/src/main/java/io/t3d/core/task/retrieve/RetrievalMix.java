package io.t3d.core.task.retrieve;

import io.t3d.core.internal.Checks;
import io.t3d.core.task.ScoreChoice;
import io.t3d.core.task.TextScore;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;

/**
 * The score that ranks volumes and reports: the whole report, its sentences, or a weighted sum of
 * both.
 *
 * <pre>{@code
 * sum(i, r) = global(i, r) / sd(global) + weight · sentences(i, r) / sd(sentences)
 * }</pre>
 *
 * <p>The standard deviations are those over all pairs of a reference set and stay as they were
 * fitted. Means are not taken off: they move all pairs alike and change no rank.
 *
 * @param score which of them
 * @param globalDeviation of the cosines, &gt; 0; used by the sum alone
 * @param sentenceDeviation of the sentences' scores, &gt; 0; used by the sum alone
 * @param weight of the sentences in the sum, &gt; 0
 */
public record RetrievalMix(
    TextScore score, double globalDeviation, double sentenceDeviation, double weight) {
  /** The weights that {@link #choose} tries beside 0, which is the global score. */
  private static final List<Double> WEIGHTS = List.of(0.25, 0.5, 1.0, 2.0, 4.0);

  /** Checks ranges. */
  public RetrievalMix {
    Checks.positive("RetrievalMix.globalDeviation", globalDeviation);
    Checks.positive("RetrievalMix.sentenceDeviation", sentenceDeviation);
    Checks.positive("RetrievalMix.weight", weight);
  }

  /** By the report as a whole. */
  public static RetrievalMix global() {
    return new RetrievalMix(TextScore.GLOBAL, 1, 1, 1);
  }

  /** By the sentences. */
  public static RetrievalMix pooled() {
    return new RetrievalMix(TextScore.POOLED, 1, 1, 1);
  }

  /**
   * By both.
   *
   * @param reference pairs to take the standard deviations of; one that is 0 counts as 1
   * @param weight of the sentences
   */
  public static RetrievalMix sum(PairScores reference, double weight) {
    return new RetrievalMix(
        TextScore.SUM, deviation(reference.global()), deviation(reference.sentences()), weight);
  }

  private static double deviation(float[][] scores) {
    double sum = 0;
    long count = 0;
    for (float[] row : scores) {
      for (float v : row) {
        sum += v;
        count++;
      }
    }
    double squares = 0;
    for (float[] row : scores) {
      for (float v : row) {
        squares += (v - sum / count) * (v - sum / count);
      }
    }
    double deviation = count < 2 ? 0 : Math.sqrt(squares / (count - 1));
    return deviation > 0 ? deviation : 1;
  }

  /**
   * What validation chose.
   *
   * @param choice which score, and why
   * @param mixes each score as it would be used; the sum with its best weight
   */
  public record Choice(ScoreChoice choice, Map<TextScore, RetrievalMix> mixes) {
    /** The mix that was chosen. */
    public RetrievalMix mix() {
      return mixes.get(choice.score());
    }
  }

  /**
   * Chooses by recall@5, the mean of both ways. Of equal ones the simpler score and the smaller
   * weight count.
   *
   * @param validation {@code [n][n]}: volume i and report i are a pair
   * @param reports n texts; equal ones are correct for each other
   * @throws IllegalArgumentException when sizes differ or there is no pair
   */
  public static Choice choose(PairScores validation, List<String> reports) {
    return choose(validation, reports, Retrieval.distinct(reports.size()));
  }

  /**
   * The same where a volume may stand in several pairs.
   *
   * @param volumes n names; equal ones are the same volume
   */
  public static Choice choose(PairScores validation, List<String> reports, List<String> volumes) {
    List<RetrievalMix> tried = new ArrayList<>(List.of(global(), pooled()));
    WEIGHTS.forEach(weight -> tried.add(sum(validation, weight)));
    Map<TextScore, RetrievalMix> mixes = new EnumMap<>(TextScore.class);
    Map<TextScore, Double> reached = new EnumMap<>(TextScore.class);
    for (RetrievalMix mix : tried) {
      Retrieval found = Retrieval.ranks(mix.scores(validation), reports, volumes).scores();
      double r5 = (found.imageToText().r5() + found.textToImage().r5()) / 2;
      if (!reached.containsKey(mix.score) || r5 > reached.get(mix.score)) {
        reached.put(mix.score, r5);
        mixes.put(mix.score, mix);
      }
    }
    String measure = "R@5 of both ways on " + reports.size() + " validation pairs";
    return new Choice(ScoreChoice.best(measure, reached), mixes);
  }

  /** The score of one pair. */
  double score(float global, float sentences) {
    return switch (score) {
      case GLOBAL -> global;
      case POOLED -> sentences;
      case SUM -> global / globalDeviation + weight * sentences / sentenceDeviation;
    };
  }

  /**
   * The scores to rank by.
   *
   * @param pairs {@code [n][R]}
   * @return {@code [n][R]}
   */
  public float[][] scores(PairScores pairs) {
    float[][] out = new float[pairs.global().length][];
    for (int i = 0; i < out.length; i++) {
      float[] g = pairs.global()[i];
      float[] s = pairs.sentences()[i];
      out[i] = new float[g.length];
      for (int r = 0; r < g.length; r++) {
        out[i][r] = (float) score(g[r], s[r]);
      }
    }
    return out;
  }
}
