package io.t3d.core.eval.text;

import java.util.List;
import java.util.function.Predicate;

/**
 * Porter's stemmer for lower-case English words, with the departures of his own program (words of
 * two letters stay; {@code bli → ble}, {@code logi → log}).
 *
 * <p>Porter 1980, "An algorithm for suffix stripping", Program 14(3).
 */
final class PorterStemmer {
  /** A suffix, what replaces it, and what the rest of the word must be. */
  private record Rule(String suffix, String replacement, Predicate<String> condition) {}

  private static final List<Rule> STEP_1A =
      List.of(always("sses", "ss"), always("ies", "i"), always("ss", "ss"), always("s", ""));
  private static final List<Rule> STEP_2 =
      List.of(
          measured("ational", "ate", 0),
          measured("tional", "tion", 0),
          measured("enci", "ence", 0),
          measured("anci", "ance", 0),
          measured("izer", "ize", 0),
          measured("bli", "ble", 0),
          measured("alli", "al", 0),
          measured("entli", "ent", 0),
          measured("eli", "e", 0),
          measured("ousli", "ous", 0),
          measured("ization", "ize", 0),
          measured("ation", "ate", 0),
          measured("ator", "ate", 0),
          measured("alism", "al", 0),
          measured("iveness", "ive", 0),
          measured("fulness", "ful", 0),
          measured("ousness", "ous", 0),
          measured("aliti", "al", 0),
          measured("iviti", "ive", 0),
          measured("biliti", "ble", 0),
          measured("logi", "log", 0));
  private static final List<Rule> STEP_3 =
      List.of(
          measured("icate", "ic", 0),
          measured("ative", "", 0),
          measured("alize", "al", 0),
          measured("iciti", "ic", 0),
          measured("ical", "ic", 0),
          measured("ful", "", 0),
          measured("ness", "", 0));
  private static final List<Rule> STEP_4 =
      List.of(
          measured("al", "", 1),
          measured("ance", "", 1),
          measured("ence", "", 1),
          measured("er", "", 1),
          measured("ic", "", 1),
          measured("able", "", 1),
          measured("ible", "", 1),
          measured("ant", "", 1),
          measured("ement", "", 1),
          measured("ment", "", 1),
          measured("ent", "", 1),
          new Rule("ion", "", s -> measure(s) > 1 && (s.endsWith("s") || s.endsWith("t"))),
          measured("ou", "", 1),
          measured("ism", "", 1),
          measured("ate", "", 1),
          measured("iti", "", 1),
          measured("ous", "", 1),
          measured("ive", "", 1),
          measured("ize", "", 1));

  private PorterStemmer() {}

  private static Rule always(String suffix, String replacement) {
    return new Rule(suffix, replacement, stem -> true);
  }

  private static Rule measured(String suffix, String replacement, int above) {
    return new Rule(suffix, replacement, stem -> measure(stem) > above);
  }

  static String stem(String word) {
    if (word.length() <= 2) {
      return word;
    }
    String s = step1b(apply(STEP_1A, word));
    if (s.endsWith("y") && hasVowel(cut(s, 1))) {
      s = cut(s, 1) + "i";
    }
    return step5(apply(STEP_4, apply(STEP_3, apply(STEP_2, s))));
  }

  /** The first rule whose suffix fits decides, whether its condition holds or not. */
  private static String apply(List<Rule> rules, String word) {
    for (Rule rule : rules) {
      if (word.endsWith(rule.suffix)) {
        String rest = cut(word, rule.suffix.length());
        return rule.condition.test(rest) ? rest + rule.replacement : word;
      }
    }
    return word;
  }

  private static String step1b(String word) {
    if (word.endsWith("eed")) {
      return measure(cut(word, 3)) > 0 ? cut(word, 1) : word;
    }
    String rest = word.endsWith("ed") ? cut(word, 2) : word.endsWith("ing") ? cut(word, 3) : "";
    if (!hasVowel(rest)) {
      return word;
    }
    if (rest.endsWith("at") || rest.endsWith("bl") || rest.endsWith("iz")) {
      return rest + "e";
    }
    if (endsInDouble(rest)) {
      return "lsz".indexOf(rest.charAt(rest.length() - 1)) < 0 ? cut(rest, 1) : rest;
    }
    return measure(rest) == 1 && endsInShortSyllable(rest) ? rest + "e" : rest;
  }

  private static String step5(String word) {
    String s = word;
    if (s.endsWith("e")) {
      String rest = cut(s, 1);
      int m = measure(rest);
      s = m > 1 || (m == 1 && !endsInShortSyllable(rest)) ? rest : s;
    }
    return s.endsWith("ll") && measure(cut(s, 1)) > 1 ? cut(s, 1) : s;
  }

  private static String cut(String word, int letters) {
    return word.substring(0, word.length() - letters);
  }

  private static boolean isConsonant(String word, int i) {
    char c = word.charAt(i);
    if (c == 'y') {
      return i == 0 || !isConsonant(word, i - 1);
    }
    return "aeiou".indexOf(c) < 0;
  }

  private static boolean hasVowel(String word) {
    for (int i = 0; i < word.length(); i++) {
      if (!isConsonant(word, i)) {
        return true;
      }
    }
    return false;
  }

  /** m of {@code [C](VC)^m[V]}: how often a vowel is followed by a consonant. */
  private static int measure(String word) {
    int m = 0;
    for (int i = 1; i < word.length(); i++) {
      m += !isConsonant(word, i - 1) && isConsonant(word, i) ? 1 : 0;
    }
    return m;
  }

  private static boolean endsInDouble(String word) {
    int last = word.length() - 1;
    return last >= 1 && word.charAt(last) == word.charAt(last - 1) && isConsonant(word, last);
  }

  /** Consonant, vowel, consonant other than w, x and y. */
  private static boolean endsInShortSyllable(String word) {
    int last = word.length() - 1;
    return last >= 2
        && isConsonant(word, last - 2)
        && !isConsonant(word, last - 1)
        && isConsonant(word, last)
        && "wxy".indexOf(word.charAt(last)) < 0;
  }
}
