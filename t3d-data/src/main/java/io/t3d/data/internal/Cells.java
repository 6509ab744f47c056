package io.t3d.data.internal;

import com.google.common.base.CharMatcher;
import java.text.Normalizer;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/** Parses table cells as people and programs write them. */
public final class Cells {
  /** What is not seen: white space of any kind, no-break and zero-width ones too. */
  private static final CharMatcher BLANK = CharMatcher.forPredicate(Cells::isBlank);

  /** What may stand around a word that says nothing: {@code "N/A".}, {@code [none]}. */
  private static final CharMatcher AROUND =
      BLANK.or(
          CharMatcher.anyOf("\"'`.,;:!?()[]{}<>#*_-\u2013\u2014\u2026\u201c\u201d\u2018\u2019"));

  private static final Set<String> NOTHING =
      Set.of(
          "",
          "nan",
          "na",
          "n/a",
          "n / a",
          "n.a",
          "n\\a",
          "none",
          "null",
          "nil",
          "nat",
          "missing",
          "undefined",
          "no report",
          "no text",
          "not given",
          "not available",
          "not provided",
          "not applicable",
          "not specified",
          "not reported",
          "not recorded",
          "not documented",
          "not stated",
          "unavailable",
          "unknown",
          "no data");

  private static final Pattern ONE = Pattern.compile("\\+?1(\\.0*)?");
  private static final Pattern ZERO = Pattern.compile("[+-]?0(\\.0*)?");

  private static final Pattern WHOLE = Pattern.compile("^(\\d+)\\.0*$");

  private Cells() {}

  private static boolean isBlank(char c) {
    return Character.isWhitespace(c)
        || Character.isSpaceChar(c)
        || Character.isISOControl(c)
        || Character.getType(c) == Character.FORMAT;
  }

  /** The text without blanks around it, those that are not seen among them. */
  public static String strip(String text) {
    return BLANK.trimFrom(text);
  }

  /**
   * Whether a cell says that nothing is known: it is blank, or holds but a word such as {@code
   * nan}, {@code None}, {@code N/A} or {@code Not given.}
   */
  public static boolean saysNothing(String text) {
    String words = BLANK.collapseFrom(AROUND.trimFrom(text), ' ');
    return NOTHING.contains(words.toLowerCase(Locale.ROOT));
  }

  /**
   * A name without what people and programs change in it unawares: case, white space, how an accent
   * is coded, and the {@code .0} of a number that a spreadsheet or pandas took for a measure.
   */
  public static String blurred(String name) {
    String plain = Normalizer.normalize(name, Normalizer.Form.NFKC).toLowerCase(Locale.ROOT);
    return WHOLE.matcher(BLANK.removeFrom(plain)).replaceFirst("$1");
  }

  /**
   * A label: 1, 1.0 and true are present; 0, 0.0 and false absent; what {@linkplain #saysNothing
   * says nothing} is unknown.
   *
   * @throws IllegalArgumentException without a message, when it is none of these
   */
  public static Optional<Boolean> label(String text) {
    String cell = strip(text).toLowerCase(Locale.ROOT);
    if (ONE.matcher(cell).matches() || cell.equals("true")) {
      return Optional.of(true);
    }
    if (ZERO.matcher(cell).matches() || cell.equals("false")) {
      return Optional.of(false);
    }
    if (saysNothing(cell)) {
      return Optional.empty();
    }
    throw new IllegalArgumentException();
  }
}
