package io.t3d.core.eval.text;

import java.util.List;
import java.util.Map;

/**
 * BLEU-1 to BLEU-4 of a corpus.
 *
 * <pre>{@code
 * BLEU-n = BP · (p1 · … · pn)^(1/n),  BP = min(1, exp(1 - r/c))
 * }</pre>
 *
 * <p>p_k: clipped matches of k-grams over k-grams written, both summed over the corpus; c and r:
 * words written and of references. Papineni et al. 2002, "BLEU: a Method for Automatic Evaluation
 * of Machine Translation". Equal to {@code pycocoevalcap} for one reference, its additions against
 * division by zero included.
 */
final class Bleu {
  private static final double SMALL = 1e-9;
  private static final double TINY = 1e-15;

  private Bleu() {}

  /** BLEU-1 to BLEU-4. */
  static double[] of(List<List<String>> candidates, List<List<String>> references) {
    long[] matched = new long[NGrams.MAX];
    long[] written = new long[NGrams.MAX];
    for (int i = 0; i < candidates.size(); i++) {
      for (int n = 1; n <= NGrams.MAX; n++) {
        matched[n - 1] += clippedMatches(candidates.get(i), references.get(i), n);
        written[n - 1] += Math.max(0, candidates.get(i).size() - n + 1);
      }
    }
    double c = candidates.stream().mapToLong(List::size).sum();
    double r = references.stream().mapToLong(List::size).sum();
    double ratio = (c + TINY) / (r + SMALL);
    double brevity = ratio < 1 ? Math.exp(1 - 1 / ratio) : 1;
    double[] scores = new double[NGrams.MAX];
    double product = 1;
    for (int n = 1; n <= NGrams.MAX; n++) {
      product *= (matched[n - 1] + TINY) / (written[n - 1] + SMALL);
      scores[n - 1] = brevity * Math.pow(product, 1.0 / n);
    }
    return scores;
  }

  private static long clippedMatches(List<String> candidate, List<String> reference, int n) {
    Map<List<String>, Integer> allowed = NGrams.count(reference, n);
    long matches = 0;
    for (Map.Entry<List<String>, Integer> e : NGrams.count(candidate, n).entrySet()) {
      matches += Math.min(e.getValue(), allowed.getOrDefault(e.getKey(), 0));
    }
    return matches;
  }
}
