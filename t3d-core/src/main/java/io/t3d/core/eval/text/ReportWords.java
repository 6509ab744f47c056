package io.t3d.core.eval.text;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The words that text scores count: lower case, without punctuation. Runs of letters and digits;
 * hyphens and apostrophes inside a word and the point of a decimal number stay ({@code
 * low-attenuation}, {@code 3.5}).
 */
final class ReportWords {
  private static final Pattern WORD =
      Pattern.compile("\\p{Nd}+(?:\\.\\p{Nd}+)+|[\\p{L}\\p{N}]+(?:[-'][\\p{L}\\p{N}]+)*");

  private ReportWords() {}

  /** Splits a report. */
  static List<String> of(String report) {
    List<String> words = new ArrayList<>();
    Matcher found = WORD.matcher(report.toLowerCase(Locale.ROOT));
    while (found.find()) {
      words.add(found.group());
    }
    return words;
  }
}
