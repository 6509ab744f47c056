package io.t3d.core.task.retrieve;

import io.t3d.core.task.TextScores;
import io.t3d.core.task.internal.Embeddings;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Scores of n volumes against R reports: by the whole report, and by its sentences.
 *
 * <pre>{@code
 * global(i, r)    = cos(v(i), w(r))
 * fit(i, r)       = mean(s of r) ( pooled(i, s) - mean(j) pooled(j, s) )    see TextScores
 * sentences(i, r) = fit(i, r) / sd(j) fit(j, r)
 * }</pre>
 *
 * <p>The mean of a sentence over the volumes j is taken off, so that sentences which fit every
 * volume do not decide. A report's fit counts in its own standard deviations over the volumes j:
 * that of one sentence spreads more than the mean of many, so that, for a volume, short reports
 * would come first and last. Memory is {@code 8 · n · R} bytes; for galleries above some 10,000
 * there are {@link ReportSearch} and {@link VolumeSearch}.
 *
 * @param global {@code [n][R]}
 * @param sentences {@code [n][R]}
 */
public record PairScores(float[][] global, float[][] sentences) {
  /**
   * Scores all pairs; means and standard deviations are those over these volumes.
   *
   * @see #of(TextScores, TextScores, float[][], List)
   * @param volumes n volumes, scored on all sentences of {@link SentencesOfReports#of}
   * @param reportEmbeddings {@code [R][E]}, L2-normalised
   * @param reports R texts
   * @throws IllegalArgumentException when sizes differ or a sentence was not scored
   */
  public static PairScores of(
      TextScores volumes, float[][] reportEmbeddings, List<String> reports) {
    return of(volumes, volumes, reportEmbeddings, reports);
  }

  /**
   * Scores all pairs; means and standard deviations are those over other volumes, so that a pair's
   * score does not hang on what it is searched among.
   *
   * @param volumes n volumes, scored on all sentences of {@link SentencesOfReports#of}
   * @param reference volumes, scored on the same texts, at least one; a standard deviation of 0
   *     counts as 1
   * @param reportEmbeddings {@code [R][E]}, L2-normalised
   * @param reports R texts
   * @throws IllegalArgumentException when sizes or texts differ or a sentence was not scored
   */
  public static PairScores of(
      TextScores volumes, TextScores reference, float[][] reportEmbeddings, List<String> reports) {
    if (!reference.texts().equals(volumes.texts())) {
      throw new IllegalArgumentException(
          "reference must be scored on the texts of the volumes, got "
              + reference.texts().size()
              + " texts against "
              + volumes.texts().size()
              + ", or the same in another order");
    }
    float[][] v = volumes.volumes();
    Embeddings.check(
        "reportEmbeddings", reportEmbeddings, reports.size(), v.length == 0 ? 0 : v[0].length);
    SentencesOfReports split = SentencesOfReports.of(reports);
    int[] columns = volumes.columns(split.sentences());
    int[][] ofReport = split.ofReport();
    for (int[] own : ofReport) {
      IntStream.range(0, own.length).forEach(k -> own[k] = columns[own[k]]);
    }
    double[] means = means(reference.pooled());
    double[] deviations = SentencesOfReports.deviations(reference.pooled(), means, ofReport);
    float[][] global = new float[v.length][reports.size()];
    float[][] sentences = new float[v.length][reports.size()];
    IntStream.range(0, v.length)
        .parallel()
        .forEach(
            i -> {
              for (int r = 0; r < ofReport.length; r++) {
                global[i][r] = dot(v[i], reportEmbeddings[r]);
                sentences[i][r] =
                    SentencesOfReports.score(
                        volumes.pooled()[i], means, ofReport[r], deviations[r]);
              }
            });
    return new PairScores(global, sentences);
  }

  /** The mean of each column. */
  static double[] means(float[][] scores) {
    double[] means = new double[scores[0].length];
    for (float[] row : scores) {
      for (int t = 0; t < means.length; t++) {
        means[t] += row[t];
      }
    }
    for (int t = 0; t < means.length; t++) {
      means[t] /= scores.length;
    }
    return means;
  }

  private static float dot(float[] a, float[] b) {
    double sum = 0;
    for (int e = 0; e < a.length; e++) {
      sum += (double) a[e] * b[e];
    }
    return (float) sum;
  }
}
