package io.t3d.data.itk;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.zip.Deflater;

/** Writes small DICOM files for tests: a CT slice of 3 x 2 voxels unless told otherwise. */
public final class DicomFile {
  static final String IMPLICIT = "1.2.840.10008.1.2";
  static final String EXPLICIT = "1.2.840.10008.1.2.1";
  static final String DEFLATED = "1.2.840.10008.1.2.1.99";
  static final String BIG_ENDIAN = "1.2.840.10008.1.2.2";
  static final String RLE = "1.2.840.10008.1.2.5";

  private record Element(String vr, Object value) {}

  private final Map<Integer, Element> elements = new TreeMap<>();
  private String syntax = EXPLICIT;
  private String claimed = "";
  private String storage = "1.2.840.10008.5.1.4.1.1.2";

  /** A slice at (−10, −20, z) mm with voxels value, value+1, … */
  public static DicomFile slice(double z, int value) {
    short[] voxels = new short[6];
    for (int i = 0; i < voxels.length; i++) {
      voxels[i] = (short) (value + i);
    }
    return new DicomFile()
        .text(0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.2")
        .text(0x00080060, "CS", "CT")
        .text(0x00100010, "PN", "Doe^Jane")
        .text(0x00100020, "LO", "PATIENT-77")
        .text(0x00180050, "DS", "2.5")
        .text(0x0020000e, "UI", "1.2.3.4")
        .text(0x00200011, "IS", "3")
        .decimals(0x00200032, -10, -20, z)
        .decimals(0x00200037, 1, 0, 0, 0, 1, 0)
        .number(0x00280002, 1)
        .text(0x00280004, "CS", "MONOCHROME2")
        .number(0x00280010, 2)
        .number(0x00280011, 3)
        .decimals(0x00280030, 0.7, 0.5)
        .number(0x00280100, 16)
        .number(0x00280101, 16)
        .number(0x00280102, 15)
        .number(0x00280103, 1)
        .decimals(0x00281052, -1024)
        .decimals(0x00281053, 1)
        .voxels(voxels);
  }

  /** Two slices in one file. */
  public static DicomFile twoFrames() {
    return slice(0, 0)
        .text(0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.2.1")
        .text(0x00280008, "IS", "2")
        .voxels(new short[12])
        .items(0x52009230, place(0), place(1));
  }

  private static DicomFile place(double z) {
    return item().items(0x00209113, item().decimals(0x00200032, -10, -20, z));
  }

  /** A DICOMDIR, which holds no image. */
  public static DicomFile index() {
    DicomFile index = new DicomFile().text(0x00041130, "CS", "DISC");
    index.storage = "1.2.840.10008.1.3.10";
    return index;
  }

  /** The same of another series. */
  public DicomFile series(String uid) {
    return text(0x0020000e, "UI", uid);
  }

  DicomFile syntax(String uid) {
    syntax = uid;
    return this;
  }

  /** Says in the meta information that the data are of another syntax than they are. */
  DicomFile claims(String uid) {
    claimed = uid;
    return this;
  }

  public DicomFile without(int tag) {
    elements.remove(tag);
    return this;
  }

  public DicomFile text(int tag, String vr, String value) {
    elements.put(tag, new Element(vr, value.getBytes(StandardCharsets.US_ASCII)));
    return this;
  }

  public DicomFile decimals(int tag, double... values) {
    String text =
        Arrays.stream(values).mapToObj(Double::toString).collect(Collectors.joining("\\"));
    return text(tag, "DS", text);
  }

  public DicomFile number(int tag, int value) {
    elements.put(tag, new Element("US", new short[] {(short) value}));
    return this;
  }

  public DicomFile voxels(short... voxels) {
    elements.put(0x7fe00010, new Element("OW", voxels));
    return this;
  }

  DicomFile bytes(int tag, String vr, byte... value) {
    elements.put(tag, new Element(vr, value));
    return this;
  }

  DicomFile items(int tag, DicomFile... items) {
    elements.put(tag, new Element("SQ", List.of(items)));
    return this;
  }

  static DicomFile item() {
    return new DicomFile();
  }

  public Path write(Path file) throws IOException {
    return Files.write(file, toBytes());
  }

  byte[] toBytes() {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(new byte[128]);
    out.writeBytes("DICM".getBytes(StandardCharsets.US_ASCII));
    DicomFile meta =
        new DicomFile()
            .text(0x00020002, "UI", storage)
            .text(0x00020010, "UI", claimed.isEmpty() ? syntax : claimed);
    byte[] group = meta.encode(EXPLICIT);
    ByteBuffer length = ByteBuffer.allocate(12).order(ByteOrder.LITTLE_ENDIAN);
    length.putShort((short) 2).putShort((short) 0).put((byte) 'U').put((byte) 'L');
    out.writeBytes(length.putShort((short) 4).putInt(group.length).array());
    out.writeBytes(group);
    byte[] data = encode(syntax);
    out.writeBytes(syntax.equals(DEFLATED) ? deflate(data) : data);
    return out.toByteArray();
  }

  private byte[] encode(String syntax) {
    ByteOrder order = syntax.equals(BIG_ENDIAN) ? ByteOrder.BIG_ENDIAN : ByteOrder.LITTLE_ENDIAN;
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    elements.forEach((tag, element) -> put(out, tag, element, syntax, order));
    return out.toByteArray();
  }

  private static void put(
      ByteArrayOutputStream out, int tag, Element element, String syntax, ByteOrder order) {
    boolean packed = tag == 0x7fe00010 && element.value() instanceof byte[];
    byte[] value = value(element, syntax, order);
    ByteBuffer head = ByteBuffer.allocate(12).order(order);
    head.putShort((short) (tag >>> 16)).putShort((short) tag);
    int length = packed ? -1 : value.length;
    if (syntax.equals(IMPLICIT)) {
      head.putInt(length);
    } else {
      head.put(element.vr().getBytes(StandardCharsets.US_ASCII));
      if (List.of("OW", "OB", "SQ", "UN").contains(element.vr())) {
        head.putShort((short) 0).putInt(length);
      } else {
        head.putShort((short) length);
      }
    }
    out.write(head.array(), 0, head.position());
    out.writeBytes(value);
  }

  private static byte[] value(Element element, String syntax, ByteOrder order) {
    if (element.value() instanceof short[] shorts) {
      ByteBuffer b = ByteBuffer.allocate(2 * shorts.length).order(order);
      b.asShortBuffer().put(shorts);
      return b.array();
    }
    if (element.value() instanceof List<?> items) {
      ByteArrayOutputStream all = new ByteArrayOutputStream();
      for (Object item : items) {
        byte[] data = ((DicomFile) item).encode(syntax);
        ByteBuffer head = ByteBuffer.allocate(8).order(order);
        head.putShort((short) 0xfffe).putShort((short) 0xe000).putInt(data.length);
        all.writeBytes(head.array());
        all.writeBytes(data);
      }
      return all.toByteArray();
    }
    byte[] bytes = (byte[]) element.value();
    byte[] even = Arrays.copyOf(bytes, (bytes.length + 1) / 2 * 2);
    if (even.length > bytes.length && !element.vr().equals("UI")) {
      even[bytes.length] = ' ';
    }
    return even;
  }

  private static byte[] deflate(byte[] data) {
    Deflater deflater = new Deflater(Deflater.DEFAULT_COMPRESSION, true);
    deflater.setInput(data);
    deflater.finish();
    byte[] out = new byte[data.length + 64];
    int length = deflater.deflate(out);
    deflater.end();
    return Arrays.copyOf(out, length);
  }
}
