package io.t3d.data.io.fuzz;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.random.RandomGenerator;

/**
 * The data elements at the top level of a DICOM file, in any byte order and with or without value
 * representations.
 *
 * @param explicit whether elements bear their value representation
 * @param bare whether the bytes start with the data set instead of preamble and meta information
 */
record DicomFields(ByteOrder order, boolean explicit, boolean bare) implements FieldFinder {
  private static final int PIXEL_DATA = 0x7fe00010;
  private static final List<String> LONG_VRS =
      List.of("OB", "OW", "OF", "OD", "OL", "SQ", "UC", "UR", "UT", "UN");
  private static final int[] LENGTHS = {
    0, 1, 2, 3, 0xfffe, 0xffff, 0x10000, 0x7ffffffe, 0x7fffffff, -2, -1
  };
  private static final List<String> TEXTS =
      List.of(
          "",
          "0",
          "-1",
          "1",
          "2",
          "1e30",
          "1e-30",
          "1e308",
          "1e-320",
          "1e999",
          "NaN",
          "nan",
          "inf",
          "-inf",
          "0\\0",
          "0\\0\\0",
          "NaN\\0\\0",
          "1\\0\\0\\1\\0\\0",
          "0\\0\\0\\0\\0\\0",
          "1e30\\1e30\\1e30",
          "\\\\\\",
          "%n%n%s",
          "99999999999999999999",
          "RGB",
          "MONOCHROME1",
          "PALETTE COLOR",
          "1.2.840.10008.1.2",
          "1.2.840.10008.1.2.2",
          "1.2.840.10008.1.2.4.50",
          "1.2.840.10008.1.2.4.90",
          "1.2.840.10008.1.2.5",
          "1.2.840.10008.1.2.1.99",
          "1.2.840.10008.5.1.4.1.1.2.1",
          "9".repeat(300),
          "x".repeat(9000));
  private static final int[] NUMBERS = {
    0, 1, 2, 3, 7, 8, 11, 12, 15, 16, 17, 32, 64, 255, 256, 4096, 32767, 32768, 65535
  };

  /** One element: where its head starts, its value starts and its value ends. */
  private record Element(int tag, int at, int value, int end, DicomFields format) implements Field {
    @Override
    public String name() {
      return String.format(Locale.ROOT, "(%04x,%04x)", tag >>> 16, tag & 0xffff);
    }

    @Override
    public byte[] damage(byte[] file, RandomGenerator random) {
      return switch (random.nextInt(12)) {
        case 0 -> Bytes.replace(file, at, end - at, new byte[0]);
        case 1 -> Bytes.replace(file, at, 0, Arrays.copyOfRange(file, at, end));
        case 2, 3 -> withLength(file, LENGTHS[random.nextInt(LENGTHS.length)]);
        case 4 -> withVr(file, random);
        case 5, 6, 7 -> withNumber(file, random);
        default -> withText(file, random);
      };
    }

    private byte[] withLength(byte[] file, int length) {
      byte[] out = file.clone();
      ByteBuffer b = ByteBuffer.wrap(out).order(order());
      if (value - at == 8 && isExplicit()) {
        b.putShort(at + 6, (short) length);
      } else {
        b.putInt(value - 4, length);
      }
      return out;
    }

    private byte[] withVr(byte[] file, RandomGenerator random) {
      byte[] out = file.clone();
      String vr =
          Mutations.anyOf(
              List.of("SQ", "UN", "OB", "US", "SS", "FL", "FD", "DS", "XX", "\0\0"), random);
      System.arraycopy(vr.getBytes(StandardCharsets.US_ASCII), 0, out, at + 4, 2);
      return out;
    }

    private byte[] withNumber(byte[] file, RandomGenerator random) {
      byte[] out = file.clone();
      int n = NUMBERS[random.nextInt(NUMBERS.length)];
      ByteBuffer b = ByteBuffer.wrap(out).order(order());
      if (end - value == 2) {
        b.putShort(value, (short) n);
      } else if (end - value >= 4) {
        b.putInt(value, random.nextBoolean() ? n : -n);
      }
      return out;
    }

    private byte[] withText(byte[] file, RandomGenerator random) {
      String text = Mutations.anyOf(TEXTS, random);
      byte[] by = (text.length() % 2 == 0 ? text : text + " ").getBytes(StandardCharsets.US_ASCII);
      return withLength(Bytes.replace(file, value, end - value, by), by.length, file.length);
    }

    /** The new length stands in the head, which lies before the value and so did not move. */
    private byte[] withLength(byte[] out, int length, int before) {
      return out.length == before ? out : withLength(out, length);
    }

    private boolean isExplicit() {
      return format.explicit || isMeta();
    }

    private ByteOrder order() {
      return isMeta() ? ByteOrder.LITTLE_ENDIAN : format.order;
    }

    private boolean isMeta() {
      return tag >>> 16 == 2;
    }
  }

  static final DicomFields IMPLICIT = new DicomFields(ByteOrder.LITTLE_ENDIAN, false, false);
  static final DicomFields EXPLICIT = new DicomFields(ByteOrder.LITTLE_ENDIAN, true, false);
  static final DicomFields BIG_ENDIAN = new DicomFields(ByteOrder.BIG_ENDIAN, true, false);
  static final DicomFields INFLATED = new DicomFields(ByteOrder.LITTLE_ENDIAN, true, true);

  @Override
  public List<Field> find(byte[] file) {
    List<Field> fields = new ArrayList<>();
    int at = bare ? 0 : 132;
    while (at >= 0 && at + 12 <= file.length) {
      Element e = element(file, at);
      if (e == null) {
        break;
      }
      fields.add(e);
      if (isGeometryOrPixels(e.tag)) {
        fields.add(e);
        fields.add(e);
      }
      at = e.end;
    }
    return fields;
  }

  /** Null where the file is damaged, which happens to the second field of a mutant. */
  private Element element(byte[] file, int at) {
    boolean meta = file[at] == 2 && file[at + 1] == 0 && !bare;
    ByteBuffer b = ByteBuffer.wrap(file).order(meta ? ByteOrder.LITTLE_ENDIAN : order);
    int tag = ((b.getShort(at) & 0xffff) << 16) | (b.getShort(at + 2) & 0xffff);
    int value = at + 8;
    long length;
    if (!meta && !explicit) {
      length = b.getInt(at + 4) & 0xffffffffL;
    } else if (LONG_VRS.contains(new String(file, at + 4, 2, StandardCharsets.US_ASCII))) {
      value = at + 12;
      length = b.getInt(at + 8) & 0xffffffffL;
    } else {
      length = b.getShort(at + 6) & 0xffff;
    }
    boolean encapsulated = tag == PIXEL_DATA && length == 0xffffffffL;
    long end = encapsulated ? file.length : value + length;
    return end > file.length || value > file.length
        ? null
        : new Element(tag, at, value, (int) end, this);
  }

  private static boolean isGeometryOrPixels(int tag) {
    int group = tag >>> 16;
    return group == 0x0020 || group == 0x0028 || tag == PIXEL_DATA;
  }
}
