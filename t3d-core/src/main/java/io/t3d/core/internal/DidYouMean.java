package io.t3d.core.internal;

import java.util.Collection;
import java.util.Locale;
import java.util.Optional;

/** Finds the known word that a user may have meant. */
public final class DidYouMean {
  private DidYouMean() {}

  /**
   * The known word with the smallest edit distance, when it is close enough to be a typo: at most
   * two letters or a third of the word apart, and not so far that all of its letters differ. Case,
   * underscores and dashes do not count.
   *
   * @param word what was typed
   * @param known what is understood
   */
  public static Optional<String> suggest(String word, Collection<String> known) {
    String best = null;
    int bestDistance = Math.max(2, word.length() / 3) + 1;
    for (String candidate : known) {
      int distance = distance(normal(word), normal(candidate));
      if (distance < bestDistance && distance < candidate.length()) {
        best = candidate;
        bestDistance = distance;
      }
    }
    return Optional.ofNullable(best);
  }

  /** {@code ", did you mean 'layers'?"}, or nothing. */
  public static String hint(String word, Collection<String> known) {
    return suggest(word, known).map(s -> "; did you mean '" + s + "'?").orElse("");
  }

  private static String normal(String word) {
    return word.toLowerCase(Locale.ROOT).replace("_", "").replace("-", "");
  }

  /** Levenshtein: insertions, deletions and replacements. */
  private static int distance(String a, String b) {
    int[] row = new int[b.length() + 1];
    for (int j = 0; j <= b.length(); j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j <= b.length(); j++) {
        int replaced = diagonal + (a.charAt(i - 1) == b.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(replaced, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[b.length()];
  }
}
