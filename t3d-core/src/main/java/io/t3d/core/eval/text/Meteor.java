package io.t3d.core.eval.text;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;

/**
 * METEOR (exact+stem): METEOR with two of its modules, equal words, then equal Porter stems.
 *
 * <pre>{@code
 * P = m / |candidate|,  R = m / |reference|,  F = P R / (α P + (1 - α) R)
 * score = F · (1 - γ (chunks / m)^β),  α = 0.9, β = 3, γ = 0.5
 * }</pre>
 *
 * <p>Lavie and Agarwal 2007, "METEOR: An Automatic Metric for MT Evaluation with High Levels of
 * Correlation with Human Judgments". Differs: no WordNet synonyms and no paraphrases, so it is
 * lower than METEOR 1.5 as {@code pycocoevalcap} runs it, and bears another name. Equal to NLTK's
 * {@code single_meteor_score} with {@code PorterStemmer(MARTIN_EXTENSIONS)} and an empty WordNet:
 * words are matched from the last, each with the last that is left of the reference.
 */
final class Meteor {
  private static final double ALPHA = 0.9;
  private static final double BETA = 3;
  private static final double GAMMA = 0.5;
  private static final int NONE = -1;

  private Meteor() {}

  static double of(List<String> candidate, List<String> reference) {
    int[] match = new int[candidate.size()];
    Arrays.fill(match, NONE);
    boolean[] taken = new boolean[reference.size()];
    match(candidate, reference, UnaryOperator.identity(), match, taken);
    match(candidate, reference, PorterStemmer::stem, match, taken);
    int matches = (int) Arrays.stream(match).filter(j -> j != NONE).count();
    if (matches == 0) {
      return 0;
    }
    double precision = (double) matches / candidate.size();
    double recall = (double) matches / reference.size();
    double mean = precision * recall / (ALPHA * precision + (1 - ALPHA) * recall);
    double fragmentation = (double) chunks(match) / matches;
    return mean * (1 - GAMMA * Math.pow(fragmentation, BETA));
  }

  /** Matches what is not matched yet. */
  private static void match(
      List<String> candidate,
      List<String> reference,
      UnaryOperator<String> form,
      int[] match,
      boolean[] taken) {
    Map<String, Deque<Integer>> places = new HashMap<>();
    for (int j = 0; j < taken.length; j++) {
      if (!taken[j]) {
        places.computeIfAbsent(form.apply(reference.get(j)), k -> new ArrayDeque<>()).push(j);
      }
    }
    for (int i = match.length - 1; i >= 0; i--) {
      Deque<Integer> left = match[i] == NONE ? places.get(form.apply(candidate.get(i))) : null;
      if (left != null && !left.isEmpty()) {
        match[i] = left.pop();
        taken[match[i]] = true;
      }
    }
  }

  /** Runs of matches that are neighbours in both texts. */
  private static int chunks(int[] match) {
    List<Integer> starts = new ArrayList<>();
    for (int i = 0; i < match.length; i++) {
      boolean follows = i > 0 && match[i - 1] != NONE && match[i] == match[i - 1] + 1;
      if (match[i] != NONE && !follows) {
        starts.add(i);
      }
    }
    return starts.size();
  }
}
