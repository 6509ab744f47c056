package io.t3d.data.dicom.internal;

import io.t3d.core.T3dException;
import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Arrays;
import java.util.stream.Collectors;

/** What the worker is asked: lines of fields that are split by tabs. */
public final class DcmtkRequest {
  /** Characters of a DICOM decimal string. */
  private static final int DECIMAL = 16;

  private final StringBuilder lines = new StringBuilder();

  /**
   * Adds a line.
   *
   * @throws T3dException when a field holds a tab, a line break, or a backslash outside of a path
   */
  public DcmtkRequest line(String kind, Object... fields) {
    lines.append(kind);
    for (Object field : fields) {
      String text = field.toString();
      if (text.chars().anyMatch(c -> c < ' ') || (text.indexOf('\\') >= 0 && !isPath(kind))) {
        throw new T3dException(
            T3dException.Kind.INPUT,
            "DICOM cannot hold the "
                + kind
                + " \""
                + text.strip()
                + "\": it has a tab, a line break or a backslash; choose another name");
      }
      lines.append('\t').append(text);
    }
    lines.append('\n');
    return this;
  }

  private static boolean isPath(String kind) {
    return kind.equals("out") || kind.equals("mask") || kind.equals("file");
  }

  @Override
  public String toString() {
    return lines + "end\n";
  }

  /** Numbers as DICOM writes them, each at most 16 characters, with all digits that fit. */
  public static Object[] decimals(double... values) {
    return Arrays.stream(values).mapToObj(DcmtkRequest::decimal).toArray();
  }

  /** A number as DICOM writes it: at most 16 characters, with all digits that fit. */
  public static String decimal(double value) {
    if (!Double.isFinite(value)) {
      throw new IllegalArgumentException("DICOM's decimals are finite, got " + value);
    }
    BigDecimal exact = new BigDecimal(Double.toString(value + 0.0));
    for (int digits = 17; digits > 0; digits--) {
      BigDecimal rounded =
          exact.round(new MathContext(digits, RoundingMode.HALF_EVEN)).stripTrailingZeros();
      String plain = rounded.signum() == 0 ? "0" : rounded.toPlainString();
      if (plain.length() <= DECIMAL) {
        return plain;
      }
      String scientific = rounded.toString().replace("E+", "E");
      if (scientific.length() <= DECIMAL) {
        return scientific;
      }
    }
    throw new IllegalStateException("One digit always fits, got " + value);
  }

  /** What is left of a text in a field of so many characters. */
  public static String cut(String text, int longest) {
    String plain =
        text.codePoints()
            .filter(c -> c >= ' ' && c != '\\')
            .mapToObj(Character::toString)
            .collect(Collectors.joining());
    return plain.codePointCount(0, plain.length()) <= longest
        ? plain
        : plain.substring(0, plain.offsetByCodePoints(0, longest - 1)) + "…";
  }
}
