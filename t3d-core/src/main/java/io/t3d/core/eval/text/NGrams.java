package io.t3d.core.eval.text;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Runs of n words and how often each occurs. */
final class NGrams {
  /** The longest run that BLEU and CIDEr count. */
  static final int MAX = 4;

  private NGrams() {}

  static Map<List<String>, Integer> count(List<String> words, int n) {
    Map<List<String>, Integer> counts = new LinkedHashMap<>();
    for (int from = 0; from + n <= words.size(); from++) {
      counts.merge(words.subList(from, from + n), 1, Integer::sum);
    }
    return counts;
  }
}
