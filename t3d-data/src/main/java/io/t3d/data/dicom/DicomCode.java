package io.t3d.data.dicom;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonProperty;
import io.t3d.core.T3dException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;

/**
 * A concept of a coding scheme, as DICOM's code sequences name it.
 *
 * @param value Code Value, at most 16 characters, e.g. {@code 39607008}
 * @param scheme Coding Scheme Designator, at most 16 characters: {@code SCT} is SNOMED CT, {@code
 *     DCM} DICOM's own, what begins with {@code 99} is private
 * @param meaning Code Meaning for people, at most 64 characters
 */
public record DicomCode(String value, String scheme, String meaning) {
  /** The private scheme of names that have no code of another. */
  public static final String PRIVATE_SCHEME = "99T3D";

  private static final int SHORT = 16;
  private static final int LONG = 64;

  /** Checks lengths and characters. */
  @JsonCreator
  public DicomCode(
      @JsonProperty(value = "value", required = true) String value,
      @JsonProperty(value = "scheme", required = true) String scheme,
      @JsonProperty(value = "meaning", required = true) String meaning) {
    this.value = checked("value", value, SHORT);
    this.scheme = checked("scheme", scheme, SHORT);
    this.meaning = checked("meaning", meaning, LONG);
  }

  /** A concept of SNOMED CT. */
  public static DicomCode snomed(String value, String meaning) {
    return new DicomCode(value, "SCT", meaning);
  }

  /**
   * A private code of a name: the name itself where it fits, else a hash of it, so that a name
   * always gets the same code and two names never do.
   */
  public static DicomCode ofName(String name) {
    String code = name.strip().toUpperCase(Locale.ROOT).replaceAll("[^A-Z0-9]+", "_");
    boolean reversible = name.strip().matches("[A-Za-z0-9 ]+") && code.length() <= SHORT;
    String meaning = cut(name.strip());
    return new DicomCode(reversible ? code : hash(name), PRIVATE_SCHEME, meaning);
  }

  private static String cut(String name) {
    String plain = name.replace('\\', '/');
    return plain.codePointCount(0, plain.length()) <= LONG
        ? plain
        : plain.substring(0, plain.offsetByCodePoints(0, LONG - 1)) + "…";
  }

  private static String hash(String name) {
    try {
      byte[] sum =
          MessageDigest.getInstance("SHA-256")
              .digest(name.strip().getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().withUpperCase().formatHex(sum, 0, SHORT / 2);
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("Every JDK has SHA-256", e);
    }
  }

  private static String checked(String what, String text, int longest) {
    boolean bad =
        text.isBlank()
            || text.codePointCount(0, text.length()) > longest
            || text.chars().anyMatch(c -> c < ' ' || c == '\\');
    if (bad) {
      throw new T3dException(
          T3dException.Kind.INPUT,
          "A code's "
              + what
              + " must be 1 to "
              + longest
              + " characters without backslashes and line breaks, got \""
              + text
              + "\"");
    }
    return text;
  }
}
