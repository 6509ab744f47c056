package io.t3d.data.io.fuzz;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.random.RandomGenerator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The {@code key: value} lines of a NRRD header, or the {@code Key = value} lines of MetaImage. */
final class TextFields implements FieldFinder {
  private static final Pattern LINE =
      Pattern.compile("(?m)^([A-Za-z][A-Za-z ]*?) ?(?::=?|=) ?(.*)$");
  private static final Pattern WORD = Pattern.compile("[^\\s(),]+");

  private static final List<String> WORDS =
      List.of(
          "0",
          "-1",
          "1",
          "2",
          "3",
          "4",
          "5",
          "17",
          "255",
          "65536",
          "2147483647",
          "2147483648",
          "4294967296",
          "4294967297",
          "9223372036854775807",
          "18446744073709551616",
          "1e9",
          "1e38",
          "1e308",
          "1e999",
          "1e-46",
          "4.9e-324",
          "-0.0",
          "0.5",
          "NaN",
          "nan",
          "-inf",
          "inf",
          "0x10",
          "none",
          "1 2",
          "1 2 3",
          "",
          " ",
          "%s%s%n",
          "\0",
          "\n",
          "\n\n",
          "int",
          "double",
          "float",
          "short",
          "uint8",
          "unsigned long long int",
          "block",
          "raw",
          "gzip",
          "gz",
          "bzip2",
          "ascii",
          "hex",
          "big",
          "little",
          "True",
          "False",
          "MET_SHORT",
          "MET_DOUBLE",
          "MET_CHAR",
          "MET_LONG_LONG",
          "\"um\"",
          "\"mm\" \"mm\" \"mm\"",
          "1000",
          "0.001",
          "LOCAL",
          "LIST",
          "../secret.raw",
          "/etc/hostname",
          ".",
          "left-posterior-superior",
          "scanner-xyz",
          "left-handed",
          "(0,0,0)",
          "(1,0,0)",
          "(NaN,0,0)",
          "9".repeat(400),
          "x".repeat(70_000));

  /** One line of the header. */
  private record Line(String name, int at, int length) implements Field {
    @Override
    public byte[] damage(byte[] file, RandomGenerator random) {
      String value = text(file).substring(at, at + length);
      return Bytes.replace(file, at, length, ascii(changed(value, random)));
    }

    private static String changed(String value, RandomGenerator random) {
      String word = Mutations.anyOf(WORDS, random);
      List<int[]> words = words(value);
      if (words.isEmpty() || random.nextInt(4) == 0) {
        return random.nextBoolean() ? word : value + " " + word;
      }
      int[] w = Mutations.anyOf(words, random);
      return value.substring(0, w[0]) + word + value.substring(w[1]);
    }
  }

  /** A line that is taken away, or written twice. */
  private record WholeLine(String name, int at, int length, boolean twice) implements Field {
    @Override
    public byte[] damage(byte[] file, RandomGenerator random) {
      byte[] line = new byte[length];
      System.arraycopy(file, at, line, 0, length);
      return Bytes.replace(file, at, twice ? 0 : length, twice ? line : new byte[0]);
    }
  }

  /** Lines that none of the golden files has, put before one of theirs. */
  private static final List<String> NRRD_LINES =
      List.of(
          "units: \"um\" \"um\" \"um\"\n",
          "units: \"mm\" \"\" \"mm\"\n",
          "spacings: 0.0007 0.0007 0.001\n",
          "space units: \"mm\" \"m\" \"mm\"\n");

  private static final List<String> META_LINES =
      List.of(
          "ElementByteOrderMSB = True\n",
          "BinaryDataByteOrderMSB = True\n",
          "ElementToIntensityFunctionSlope = 2\n",
          "ElementToIntensityFunctionSlope = 1\n",
          "ElementToIntensityFunctionOffset = -1024\n",
          "ElementSize = 700 700 2500\n");

  /** A line more. */
  private record NewLine(String name, int at, List<String> lines) implements Field {
    @Override
    public byte[] damage(byte[] file, RandomGenerator random) {
      return Bytes.replace(file, at, 0, ascii(Mutations.anyOf(lines, random)));
    }
  }

  @Override
  public List<Field> find(byte[] file) {
    String header = header(text(file));
    List<Field> fields = new ArrayList<>();
    Matcher m = LINE.matcher(header);
    while (m.find()) {
      Line line = new Line(m.group(1), m.start(2), m.end(2) - m.start(2));
      fields.add(line);
      fields.add(line);
      int end = Math.min(m.end() + 1, header.length());
      fields.add(new WholeLine("-" + line.name(), m.start(), end - m.start(), false));
      fields.add(new WholeLine("+" + line.name(), m.start(), end - m.start(), true));
      List<String> more = header.startsWith("NRRD") ? NRRD_LINES : META_LINES;
      fields.add(new NewLine("before " + line.name(), m.start(), more));
    }
    return fields;
  }

  /** Up to the empty line of NRRD, or the last line of MetaImage's header. */
  private static String header(String text) {
    int empty = text.indexOf("\n\n");
    int data = text.indexOf("ElementDataFile");
    if (data >= 0) {
      int end = text.indexOf('\n', data);
      return end < 0 ? text : text.substring(0, end + 1);
    }
    return empty < 0 ? text : text.substring(0, empty + 1);
  }

  private static List<int[]> words(String value) {
    List<int[]> found = new ArrayList<>();
    Matcher m = WORD.matcher(value);
    while (m.find()) {
      found.add(new int[] {m.start(), m.end()});
    }
    return found;
  }

  /** One char per byte, so that positions in the text are positions in the file. */
  private static String text(byte[] file) {
    return new String(file, StandardCharsets.ISO_8859_1);
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }
}
