package io.t3d.core.text;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** The sentences of a report. */
public final class Sentences {
  // A full stop inside "3.5 mm" is not followed by a space.
  private static final Pattern END = Pattern.compile("(?<=[.!?])\\s+");
  private static final Pattern HEADING =
      Pattern.compile("^\\s*(impression|findings|conclusion)\\s*:\\s*", Pattern.CASE_INSENSITIVE);

  private Sentences() {}

  /**
   * Splits a report at full stops, exclamation and question marks that whitespace follows.
   *
   * @param report not blank
   * @return at least one sentence, in order, as written
   */
  public static List<String> split(String report) {
    return List.of(END.split(report.strip()));
  }

  /**
   * The sentences that say something by themselves: without the headings {@code Impression:},
   * {@code Findings:} and {@code Conclusion:}, and without what is left blank.
   *
   * @param report not blank
   * @return at least one: a report that is nothing but a heading is given as it is
   */
  public static List<String> of(String report) {
    List<String> sentences = new ArrayList<>();
    for (String sentence : split(report)) {
      String bare = HEADING.matcher(sentence).replaceFirst("");
      if (!words(bare).isEmpty()) {
        sentences.add(bare);
      }
    }
    return sentences.isEmpty() ? List.of(report.strip()) : List.copyOf(sentences);
  }

  /**
   * The letters and digits of a sentence in lower case: two sentences with equal words say the
   * same.
   */
  public static String words(String sentence) {
    StringBuilder out = new StringBuilder();
    sentence
        .codePoints()
        .filter(Character::isLetterOrDigit)
        .map(Character::toLowerCase)
        .forEach(out::appendCodePoint);
    return out.toString();
  }
}
