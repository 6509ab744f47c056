package io.t3d.core.eval.text;

import java.util.List;

/**
 * Word-based scores of generated reports against reference reports. See {@link ReportWords} for
 * what a word is. High scores do not mean that findings are right: see {@link
 * io.t3d.core.eval.LabelAgreement}.
 *
 * @param bleu1 corpus BLEU of single words, in [0, 1]
 * @param bleu2 up to pairs
 * @param bleu3 up to triples
 * @param bleu4 up to runs of four
 * @param rougeL mean F (β 1.2) of the longest common subsequence, in [0, 1]
 * @param meteorExactStem mean METEOR of equal words and equal stems, without synonyms and
 *     paraphrases, in [0, 1]: lower than published METEOR, and not to be compared with it
 * @param cider mean CIDEr-D over this corpus, in [0, 10]; 0 for a single report
 */
public record WordScores(
    double bleu1,
    double bleu2,
    double bleu3,
    double bleu4,
    double rougeL,
    double meteorExactStem,
    double cider) {
  /**
   * Compares texts.
   *
   * @param candidates written reports; empty ones count as texts without words
   * @param references the report of each
   * @throws IllegalArgumentException when there is none or the counts differ
   */
  public static WordScores of(List<String> candidates, List<String> references) {
    if (candidates.isEmpty() || candidates.size() != references.size()) {
      throw new IllegalArgumentException(
          "candidates and references must have one text per report, at least one, got "
              + candidates.size()
              + " and "
              + references.size());
    }
    List<List<String>> c = candidates.stream().map(ReportWords::of).toList();
    List<List<String>> r = references.stream().map(ReportWords::of).toList();
    double[] bleu = Bleu.of(c, r);
    double rouge = 0;
    double meteor = 0;
    for (int i = 0; i < c.size(); i++) {
      rouge += RougeL.of(c.get(i), r.get(i)) / c.size();
      meteor += Meteor.of(c.get(i), r.get(i)) / c.size();
    }
    return new WordScores(bleu[0], bleu[1], bleu[2], bleu[3], rouge, meteor, Cider.of(c, r));
  }
}
