package io.t3d.cli.benchmark.measure;

import io.t3d.core.eval.RetrievalScores;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Retrieval from a matrix of scores, volumes by reports, in galleries of a size. */
public final class GalleryRetrieval {
  private GalleryRetrieval() {}

  /**
   * Both directions.
   *
   * @param imageToText ranks of volumes as queries
   * @param textToImage ranks of reports as queries
   */
  public record Both(RetrievalScores imageToText, RetrievalScores textToImage) {}

  /**
   * Finds reports by volume and volumes by report in galleries of a size, so that recall does not
   * depend on how large the test set is.
   *
   * @param scores {@code [n][n]}; column i is volume i's report
   * @param reports n texts: equal ones are correct for each other
   * @param gallery pairs that compete, one gallery after the other; what remains at the end is left
   *     out, unless it is all there is
   */
  public static Both evaluate(float[][] scores, List<String> reports, int gallery) {
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
