package io.t3d.core.eval.text;

import java.util.List;

/**
 * ROUGE-L: F-measure of the longest common subsequence, recall weighted by β = 1.2, averaged over
 * reports.
 *
 * <pre>{@code
 * P = lcs / |candidate|,  R = lcs / |reference|,  F = (1 + β²) P R / (R + β² P)
 * }</pre>
 *
 * <p>Lin 2004, "ROUGE: A Package for Automatic Evaluation of Summaries", equation 4, at report
 * level; β as in {@code pycocoevalcap}.
 */
final class RougeL {
  private static final double BETA_SQUARED = 1.2 * 1.2;

  private RougeL() {}

  static double of(List<String> candidate, List<String> reference) {
    int lcs = longestCommonSubsequence(candidate, reference);
    if (lcs == 0) {
      return 0;
    }
    double precision = (double) lcs / candidate.size();
    double recall = (double) lcs / reference.size();
    return (1 + BETA_SQUARED) * precision * recall / (recall + BETA_SQUARED * precision);
  }

  static int longestCommonSubsequence(List<String> a, List<String> b) {
    int[] lengths = new int[b.size() + 1]; // of the words of a so far and the first j of b
    for (String word : a) {
      int diagonal = 0;
      for (int j = 1; j <= b.size(); j++) {
        int above = lengths[j];
        lengths[j] = word.equals(b.get(j - 1)) ? diagonal + 1 : Math.max(above, lengths[j - 1]);
        diagonal = above;
      }
    }
    return lengths[b.size()];
  }
}
