package io.t3d.core.text;

import java.text.Normalizer;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** Splits a report into sentences. */
public final class Sentences {
  // A full stop inside "3.5 mm" is not followed by a space, that of "Dr. Smith" ends nothing.
  private static final Pattern END =
      Pattern.compile(
          "(?<=[.!?])(?<!\\b(?:Drs?|Mrs?|Ms|Prof|St|vs|approx|incl|resp|cf|e\\.g|i\\.e)\\.)\\s+",
          Pattern.CASE_INSENSITIVE);
  private static final Pattern HEADING =
      Pattern.compile("^\\s*(impression|findings|conclusion)\\s*:\\s*", Pattern.CASE_INSENSITIVE);

  private Sentences() {}

  /**
   * Splits a report at full stops, exclamation and question marks that whitespace follows, but not
   * after common abbreviations such as {@code Dr.}, {@code vs.} and {@code e.g.}
   *
   * @param report not blank
   * @return at least one sentence, in order, as written
   */
  public static List<String> split(String report) {
    return List.of(END.split(report.strip()));
  }

  /**
   * The sentences that say something by themselves: without the headings {@code Impression:},
   * {@code Findings:} and {@code Conclusion:}, and without what has no letter then, such as the
   * numbers of a list, {@code 1. Clear lungs. 2. No effusion.}
   *
   * @param report not blank
   * @return at least one: a report that is nothing but a heading is given as it is
   */
  public static List<String> of(String report) {
    List<String> sentences = new ArrayList<>();
    for (String sentence : split(report)) {
      String bare = HEADING.matcher(sentence).replaceFirst("");
      if (bare.codePoints().anyMatch(Character::isLetter)) {
        sentences.add(bare);
      }
    }
    return sentences.isEmpty() ? List.of(report.strip()) : List.copyOf(sentences);
  }

  /**
   * The letters and numbers of a sentence in lower case, without spaces and punctuation: two
   * sentences with equal words say the same. {@code 1.2 mm} and {@code 12 mm} differ.
   */
  public static String words(String sentence) {
    int[] in = Normalizer.normalize(sentence, Normalizer.Form.NFC).codePoints().toArray();
    StringBuilder out = new StringBuilder();
    for (int i = 0; i < in.length; i++) {
      if (Character.isLetterOrDigit(in[i]) || isMark(in[i])) {
        out.appendCodePoint(Character.toLowerCase(in[i]));
      } else if (isDecimalPoint(in, i)) {
        out.append('.');
      }
    }
    return out.toString();
  }

  /** Vowels of some scripts, and accents that no letter has taken in. */
  private static boolean isMark(int codePoint) {
    int type = Character.getType(codePoint);
    return type == Character.NON_SPACING_MARK || type == Character.COMBINING_SPACING_MARK;
  }

  private static boolean isDecimalPoint(int[] in, int i) {
    return (in[i] == '.' || in[i] == ',')
        && i > 0
        && i + 1 < in.length
        && Character.isDigit(in[i - 1])
        && Character.isDigit(in[i + 1]);
  }
}
