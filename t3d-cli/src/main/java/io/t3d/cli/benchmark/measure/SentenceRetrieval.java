package io.t3d.cli.benchmark.measure;

import io.t3d.core.eval.RetrievalScores;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Retrieval from a matrix of scores, volumes by reports, and such a matrix from sentences. */
public final class SentenceRetrieval {
  private SentenceRetrieval() {}

  /**
   * How well reports fit volumes by their sentences: the mean over a report's sentences of the
   * sentence's score less its mean over volumes, so that what is said in every report does not
   * decide.
   *
   * @param scores {@code [n][T]} of volumes and sentences
   * @param sentences the columns of each report's sentences, at least one
   * @return {@code [n][reports]}
   */
  public static double[][] scores(float[][] scores, int[][] sentences) {
    int n = scores.length;
    double[] mean = new double[scores[0].length];
    for (float[] row : scores) {
      for (int t = 0; t < mean.length; t++) {
        mean[t] += row[t] / (double) n;
      }
    }
    double[][] out = new double[n][sentences.length];
    for (int i = 0; i < n; i++) {
      for (int r = 0; r < sentences.length; r++) {
        double sum = 0;
        for (int t : sentences[r]) {
          sum += scores[i][t] - mean[t];
        }
        out[i][r] = sum / sentences[r].length;
      }
    }
    return out;
  }

  /** To mean 0 and deviation 1 over the whole matrix. */
  public static double[][] standardised(double[][] matrix) {
    double[] all = Arrays.stream(matrix).flatMapToDouble(Arrays::stream).toArray();
    double mean = Arrays.stream(all).average().orElse(0);
    double deviation = ScoreChoice.deviation(all);
    double[][] out = new double[matrix.length][];
    for (int i = 0; i < out.length; i++) {
      out[i] = Arrays.stream(matrix[i]).map(v -> (v - mean) / deviation).toArray();
    }
    return out;
  }

  /** {@code a + weight · b}. */
  public static double[][] sum(double[][] a, double weight, double[][] b) {
    double[][] out = new double[a.length][a[0].length];
    for (int i = 0; i < out.length; i++) {
      for (int j = 0; j < out[i].length; j++) {
        out[i][j] = a[i][j] + weight * b[i][j];
      }
    }
    return out;
  }

  /**
   * Both directions.
   *
   * @param imageToText ranks of volumes as queries
   * @param textToImage ranks of reports as queries
   */
  public record Both(RetrievalScores imageToText, RetrievalScores textToImage) {
    /** What weights and scores are chosen by. */
    public double meanR5() {
      return (imageToText.r5() + textToImage.r5()) / 2;
    }
  }

  /**
   * Finds reports by volume and volumes by report in galleries of a size, so that recall does not
   * depend on how large the test set is.
   *
   * @param scores {@code [n][n]}; column i is volume i's report
   * @param reports n texts: equal ones are correct for each other
   * @param gallery pairs that compete, one gallery after the other; what remains at the end is left
   *     out, unless it is all there is
   */
  public static Both evaluate(double[][] scores, List<String> reports, int gallery) {
    int size = Math.min(gallery, scores.length);
    int queries = scores.length / size * size;
    Map<String, Integer> known = new HashMap<>();
    int[] group =
        reports.stream().mapToInt(r -> known.computeIfAbsent(r, unused -> known.size())).toArray();
    int[] byVolume = new int[queries];
    int[] byReport = new int[queries];
    for (int from = 0; from < queries; from += size) {
      for (int i = from; i < from + size; i++) {
        double[] row = new double[size];
        double[] column = new double[size];
        boolean[] correct = new boolean[size];
        for (int j = 0; j < size; j++) {
          row[j] = scores[i][from + j];
          column[j] = scores[from + j][i];
          correct[j] = group[from + j] == group[i];
        }
        byVolume[i] = rank(row, correct);
        byReport[i] = rank(column, correct);
      }
    }
    return new Both(RetrievalScores.ofRanks(byVolume), RetrievalScores.ofRanks(byReport));
  }

  /** 1 + the number of wrong ones that reach the best correct one: ties count against the model. */
  static int rank(double[] scores, boolean[] correct) {
    double best = Double.NEGATIVE_INFINITY;
    for (int j = 0; j < scores.length; j++) {
      best = correct[j] ? Math.max(best, scores[j]) : best;
    }
    int wrong = 0;
    for (int j = 0; j < scores.length; j++) {
      wrong += !correct[j] && scores[j] >= best ? 1 : 0;
    }
    return wrong + 1;
  }
}
