package io.t3d.data.itk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.core.volume.Volume;
import io.t3d.data.io.VolumeReaders;
import io.t3d.data.io.spi.VolumeFormatException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Transfer syntaxes, and how compressed pixels are cut into fragments. */
@Tag("itk")
class DicomSyntaxTest {
  private static final Path GOLDEN = Path.of("src/test/resources/golden/dicom");
  private static final String JPEG_2000 = "1.2.840.10008.1.2.4.90";
  private static final byte[] NONE = {};

  @TempDir Path dir;

  @ParameterizedTest
  @CsvSource({
    "1.2.840.10008.1.2.4.201, HTJ2K lossless",
    "1.2.840.10008.1.2.4.202, HTJ2K lossless RPCL",
    "1.2.840.10008.1.2.4.203, HTJ2K",
    "1.2.840.10008.1.2.4.110, JPEG XL lossless",
    "1.2.840.10008.1.2.4.111, JPEG XL JPEG recompression",
    "1.2.840.10008.1.2.4.112, JPEG XL",
    "1.2.840.10008.1.2.4.102, MPEG-4 video",
    "1.2.3.4.5, unknown"
  })
  void aSyntaxThatCannotBeDecodedIsNamed(String uid, String name) throws IOException {
    Path file = DicomFile.slice(0, 0).claims(uid).write(dir.resolve("0.dcm"));
    DicomFile.slice(2.5, 0).claims(uid).write(dir.resolve("1.dcm"));
    assertThatThrownBy(() -> VolumeReaders.read(dir))
        .isInstanceOf(VolumeFormatException.class)
        .hasMessage(
            file
                + ": its transfer syntax "
                + uid
                + " ("
                + name
                + ") cannot be decoded; convert the series to JPEG 2000 or explicit VR, or export"
                + " it anew");
  }

  @ParameterizedTest
  @ValueSource(strings = {DicomFile.IMPLICIT, DicomFile.EXPLICIT, DicomFile.BIG_ENDIAN})
  void dataThatContradictTheirSyntaxAreReadByWhatTheyAre(String is) throws IOException {
    for (String says : List.of(DicomFile.IMPLICIT, DicomFile.EXPLICIT, DicomFile.BIG_ENDIAN)) {
      Path file = DicomFile.slice(0, 1000).syntax(is).claims(says).write(dir.resolve("a.dcm"));
      assertThat(VolumeReaders.read(file).voxels())
          .as("%s says %s", is, says)
          .containsExactly(-24, -23, -22, -21, -20, -19);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"jpeg-2000", "jpeg-ls", "jpeg-lossless", "jpeg-baseline", "rle"})
  void aFrameMayLieInSeveralFragments(String name) throws IOException {
    Volume whole = VolumeReaders.read(GOLDEN.resolve(name));
    rewrite(name, code -> fragments(NONE, cut(code, 3)));
    assertThat(VolumeReaders.read(dir).voxels()).containsExactly(whole.voxels());
    rewrite(name, code -> fragments(new byte[4], cut(code, 2)));
    assertThat(VolumeReaders.read(dir).voxels()).containsExactly(whole.voxels());
  }

  @ParameterizedTest
  @ValueSource(strings = {"jpeg-2000", "jpeg-ls", "jpeg-lossless", "jpeg-baseline"})
  void paddingBehindTheCodeIsPassedOver(String name) throws IOException {
    Volume whole = VolumeReaders.read(GOLDEN.resolve(name));
    for (byte filler : new byte[] {0, ' ', -1}) {
      byte[] padding = new byte[100];
      Arrays.fill(padding, filler);
      rewrite(name, code -> fragments(NONE, List.of(join(code, padding))));
      assertThat(VolumeReaders.read(dir).voxels()).containsExactly(whole.voxels());
      rewrite(name, code -> fragments(NONE, List.of(code, padding)));
      assertThat(VolumeReaders.read(dir).voxels()).containsExactly(whole.voxels());
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"jpeg-2000", "jpeg-ls", "jpeg-lossless", "jpeg-baseline"})
  void aCodeThatWasCutBeforeItWasPackedIsRefused(String name) throws IOException {
    rewrite(name, code -> fragments(NONE, cut(Arrays.copyOf(code, code.length / 4 * 2), 2)));
    assertThatThrownBy(() -> VolumeReaders.read(dir))
        .isInstanceOf(VolumeFormatException.class)
        .hasMessage(
            dir.resolve("0.dcm")
                + ": its compressed image has no end; the file was cut before it was packed");
  }

  @Test
  void framesInSeveralFragmentsAreToldApartByTheOffsetTableOrTheirFirstBytes() throws IOException {
    Volume whole = VolumeReaders.read(GOLDEN.resolve("jpeg-2000"));
    List<byte[]> parts = new ArrayList<>();
    ByteBuffer table = ByteBuffer.allocate(20).order(ByteOrder.LITTLE_ENDIAN);
    int at = 0;
    for (Path file : goldenFiles("jpeg-2000")) {
      table.putInt(at);
      for (byte[] part : cut(codeOf(Files.readAllBytes(file)), 2)) {
        parts.add(part);
        at += 8 + part.length;
      }
    }
    Path file = dir.resolve("a.dcm");
    for (byte[] offsets : List.of(table.array(), NONE)) {
      enhanced(fragments(offsets, parts)).write(file);
      assertThat(VolumeReaders.read(file).voxels()).containsExactly(whole.voxels());
    }
    byte[] nothingTells = fragments(NONE, parts.subList(1, 10));
    enhanced(nothingTells).write(file);
    assertThatThrownBy(() -> VolumeReaders.read(file))
        .hasMessage(
            file
                + ": its 5 frames lie in 9 fragments, and no offset table tells which belong"
                + " together; export it anew");
  }

  @Test
  void compressedPixelsUnderAPlainSyntaxAreNamed() throws IOException {
    byte[] code = codeOf(Files.readAllBytes(GOLDEN.resolve("jpeg-2000/0.dcm")));
    Path file =
        DicomFile.slice(0, 0)
            .bytes(0x7fe00010, "OB", fragments(NONE, List.of(code)))
            .write(dir.resolve("a.dcm"));
    assertThatThrownBy(() -> VolumeReaders.read(file))
        .isInstanceOf(VolumeFormatException.class)
        .hasMessage(
            file
                + ": its pixel data are compressed, but its transfer syntax 1.2.840.10008.1.2.1"
                + " says that they are not; export it anew");
  }

  @ParameterizedTest
  @ValueSource(strings = {DicomFile.IMPLICIT, DicomFile.EXPLICIT})
  void aDataSetWithoutPreambleAndEndingIsKnownByItsFirstElements(String syntax) throws IOException {
    for (int i = 0; i < 3; i++) {
      byte[] whole =
          DicomFile.slice(2.5 * i, 1024)
              .text(0x00080005, "CS", "ISO_IR 100")
              .text(0x00080008, "CS", "ORIGINAL\\PRIMARY\\AXIAL")
              .syntax(syntax)
              .toBytes();
      int meta = 144 + ByteBuffer.wrap(whole).order(ByteOrder.LITTLE_ENDIAN).getInt(140);
      Files.write(dir.resolve("IM" + i), Arrays.copyOfRange(whole, meta, whole.length));
    }
    assertThat(VolumeReaders.read(dir).voxels()).hasSize(18).startsWith(0, 1, 2);
    assertThat(VolumeReaders.read(dir.resolve("IM0")).voxels()).startsWith(0, 1, 2);
  }

  /** Five frames of 16 x 12 voxels, as of the golden series. */
  private static DicomFile enhanced(byte[] packed) {
    DicomFile[] places = new DicomFile[5];
    for (int i = 0; i < 5; i++) {
      places[i] =
          DicomFile.item().items(0x00209113, DicomFile.item().decimals(0x00200032, 0, 0, i));
    }
    return DicomFile.slice(0, 0)
        .syntax(JPEG_2000)
        .text(0x00280008, "IS", "5")
        .number(0x00280010, 12)
        .number(0x00280011, 16)
        .number(0x00280101, 12)
        .number(0x00280102, 11)
        .number(0x00280103, 0)
        .items(0x52009230, places)
        .bytes(0x7fe00010, "OB", packed);
  }

  private interface Packer {
    byte[] pack(byte[] code);
  }

  /** The golden series with its compressed frames packed in another way. */
  private void rewrite(String name, Packer packer) throws IOException {
    for (Path file : goldenFiles(name)) {
      byte[] bytes = Files.readAllBytes(file);
      byte[] head = Arrays.copyOf(bytes, pixels(bytes));
      Files.write(dir.resolve(file.getFileName()), join(head, packer.pack(codeOf(bytes))));
    }
  }

  private static List<Path> goldenFiles(String name) throws IOException {
    try (Stream<Path> files = Files.list(GOLDEN.resolve(name))) {
      return files.sorted().toList();
    }
  }

  /** Where the value of the pixel data begins. */
  private static int pixels(byte[] file) {
    for (int i = file.length - 12; i > 0; i--) {
      if ((file[i] & 0xff) == 0xe0 && file[i + 1] == 0x7f && file[i + 2] == 0x10) {
        return i + 12;
      }
    }
    throw new IllegalStateException("No pixel data");
  }

  /** All fragments but the offset table, joined. */
  private static byte[] codeOf(byte[] file) {
    ByteBuffer in = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).position(pixels(file));
    byte[] code = NONE;
    for (int item = 0; in.getInt() == 0xe000fffe; item++) {
      byte[] fragment = new byte[in.getInt()];
      in.get(fragment);
      code = item == 0 ? code : join(code, fragment);
    }
    return code;
  }

  private static List<byte[]> cut(byte[] code, int parts) {
    List<byte[]> all = new ArrayList<>();
    int size = code.length / parts / 2 * 2;
    for (int i = 0; i < parts; i++) {
      all.add(Arrays.copyOfRange(code, i * size, i + 1 < parts ? (i + 1) * size : code.length));
    }
    return all;
  }

  private static byte[] fragments(byte[] table, List<byte[]> parts) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    item(out, 0xe000, table);
    parts.forEach(part -> item(out, 0xe000, part));
    item(out, 0xe0dd, NONE);
    return out.toByteArray();
  }

  private static void item(ByteArrayOutputStream out, int element, byte[] value) {
    ByteBuffer head = ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN);
    head.putShort((short) 0xfffe).putShort((short) element).putInt(value.length);
    out.writeBytes(head.array());
    out.writeBytes(value);
  }

  private static byte[] join(byte[] a, byte[] b) {
    byte[] all = Arrays.copyOf(a, a.length + b.length);
    System.arraycopy(b, 0, all, a.length, b.length);
    return all;
  }
}
