package io.t3d.core.eval.text;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * CIDEr-D: cosine of TF-IDF vectors of n-grams, n = 1 … 4, clipped and damped by the difference of
 * lengths, times 10; the document frequencies are those of the references at hand.
 *
 * <pre>{@code
 * w(g)  = count(g) · (log N - log max(1, df(g)))
 * s_n   = Σ_g min(w_c(g), w_r(g)) · w_r(g) / (‖w_c‖ ‖w_r‖) · exp(-(l_c - l_r)² / (2 · 6²))
 * score = 10 · mean_n s_n
 * }</pre>
 *
 * <p>Vedantam et al. 2015, "CIDEr: Consensus-based Image Description Evaluation", section 5.1. It
 * is the variant that {@code pycocoevalcap} prints as "CIDEr", which clips and damps but counts
 * plain words, and equal to it for one reference. An n-gram of every reference weighs nothing, so a
 * single report scores 0: the value means something on a corpus only.
 */
final class Cider {
  private static final double SIGMA = 6;

  private final List<Map<List<String>, Integer>> documentFrequency = new ArrayList<>();
  private final double logReports;

  private Cider(List<List<String>> references) {
    logReports = Math.log(references.size());
    for (int n = 1; n <= NGrams.MAX; n++) {
      Map<List<String>, Integer> frequency = new HashMap<>();
      for (List<String> reference : references) {
        NGrams.count(reference, n).keySet().forEach(g -> frequency.merge(g, 1, Integer::sum));
      }
      documentFrequency.add(frequency);
    }
  }

  /** The mean over a corpus. */
  static double of(List<List<String>> candidates, List<List<String>> references) {
    Cider corpus = new Cider(references);
    double sum = 0;
    for (int i = 0; i < candidates.size(); i++) {
      sum += corpus.score(candidates.get(i), references.get(i));
    }
    return sum / candidates.size();
  }

  private double score(List<String> candidate, List<String> reference) {
    // The reference implementation takes the number of bigrams for the length.
    double difference = bigrams(candidate) - bigrams(reference);
    double damping = Math.exp(-difference * difference / (2 * SIGMA * SIGMA));
    double sum = 0;
    for (int n = 1; n <= NGrams.MAX; n++) {
      sum += damping * similarity(weights(candidate, n), weights(reference, n));
    }
    return 10 * sum / NGrams.MAX;
  }

  private static double bigrams(List<String> words) {
    return Math.max(0, words.size() - 1);
  }

  private Map<List<String>, Double> weights(List<String> words, int n) {
    Map<List<String>, Double> weights = new HashMap<>();
    NGrams.count(words, n)
        .forEach(
            (gram, count) -> {
              int df = documentFrequency.get(n - 1).getOrDefault(gram, 1);
              weights.put(gram, count * (logReports - Math.log(df)));
            });
    return weights;
  }

  private static double similarity(
      Map<List<String>, Double> candidate, Map<List<String>, Double> reference) {
    double product = 0;
    for (Map.Entry<List<String>, Double> e : candidate.entrySet()) {
      double other = reference.getOrDefault(e.getKey(), 0.0);
      product += Math.min(e.getValue(), other) * other;
    }
    double norms = norm(candidate) * norm(reference);
    return norms == 0 ? product : product / norms;
  }

  private static double norm(Map<List<String>, Double> weights) {
    return Math.sqrt(weights.values().stream().mapToDouble(w -> w * w).sum());
  }
}
