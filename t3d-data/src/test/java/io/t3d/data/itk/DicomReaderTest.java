package io.t3d.data.itk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.core.volume.Volume;
import io.t3d.data.io.VolumeReaders;
import io.t3d.data.io.spi.VolumeFormatException;
import io.t3d.data.io.spi.VolumeInfo;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Tag("itk")
class DicomReaderTest {
  @TempDir Path dir;

  @Test
  void slicesAreSortedByPositionAndScaledOneByOne() throws IOException {
    DicomFile.slice(5, 300).decimals(0x00281053, 2).write(dir.resolve("a.dcm"));
    DicomFile.slice(0, 100).write(dir.resolve("c.dcm"));
    DicomFile.slice(2.5, 200).decimals(0x00281052, 7).write(dir.resolve("b.dcm"));

    Volume volume = VolumeReaders.read(dir);

    assertThat(volume.voxels())
        .containsExactly(
            -924, -923, -922, -921, -920, -919, // 100 … 105 − 1024
            207, 208, 209, 210, 211, 212, // 200 … 205 + 7
            -424, -422, -420, -418, -416, -414); // 2 · (300 … 305) − 1024
    assertThat(volume.affine().matrix())
        .containsExactly(-0.5, 0, 0, 10, 0, -0.7, 0, 20, 0, 0, 2.5, 0);
    assertThat(volume.orientation()).isEqualTo("LPS");
  }

  @Test
  void informationComesWithoutVoxels() throws IOException {
    series(3);
    VolumeInfo info = VolumeReaders.info(dir);
    assertThat(info.depth()).isEqualTo(3);
    assertThat(info.height()).isEqualTo(2);
    assertThat(info.width()).isEqualTo(3);
    assertThat(info.pixelType()).isEqualTo("int16");
    assertThat(info.reader()).isEqualTo("itk-dicom");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {DicomFile.IMPLICIT, DicomFile.EXPLICIT, DicomFile.DEFLATED, DicomFile.BIG_ENDIAN})
  void everyPlainTransferSyntaxGivesTheSameVoxels(String syntax) throws IOException {
    Path file = DicomFile.slice(0, 1000).syntax(syntax).write(dir.resolve("a.dcm"));
    assertThat(VolumeReaders.read(file).voxels()).containsExactly(-24, -23, -22, -21, -20, -19);
  }

  @Test
  void runLengthCodedVoxelsAreDecoded() throws IOException {
    // An empty offset table, then a frame of two segments: high bytes, low bytes; a delimiter.
    byte[] packed = new byte[8 + 8 + 64 + 4 + 8 + 8];
    packed[0] = packed[8] = (byte) 0xfe;
    packed[1] = packed[9] = (byte) 0xff;
    packed[3] = packed[11] = (byte) 0xe0;
    packed[12] = 64 + 12;
    packed[16] = 2; // segments
    packed[20] = 64; // offsets
    packed[24] = 68;
    packed[80] = (byte) -5; // six times …
    packed[81] = 3; // … a high byte of 3
    packed[84] = 5; // six bytes as they are
    for (int i = 0; i < 6; i++) {
      packed[85 + i] = (byte) (10 + i);
    }
    packed[92] = (byte) 0xfe;
    packed[93] = (byte) 0xff;
    packed[94] = (byte) 0xdd;
    packed[95] = (byte) 0xe0;
    DicomFile slice = DicomFile.slice(0, 0).syntax(DicomFile.RLE);
    Path file = slice.bytes(0x7fe00010, "OB", packed).write(dir.resolve("a.dcm"));

    assertThat(VolumeReaders.read(file).voxels())
        .containsExactly(-246, -245, -244, -243, -242, -241); // 768 + 10 … − 1024

    Path cut = dir.resolve("cut.dcm");
    byte[] whole = Files.readAllBytes(file);
    Files.write(cut, Arrays.copyOf(whole, whole.length - 20));
    assertRefused(cut, "its compressed pixel data is truncated; copy the file again");
  }

  @Test
  void onlyTheStoredBitsCount() throws IOException {
    // 12 of 16 bits, two's complement; the upper bits hold an overlay.
    Path file =
        DicomFile.slice(0, 0)
            .number(0x00280101, 12)
            .number(0x00280102, 11)
            .decimals(0x00281052, 0)
            .voxels(
                (short) 0x0fff,
                (short) 0x1001,
                (short) 0x07ff,
                (short) 0x0800,
                (short) 0,
                (short) 5)
            .write(dir.resolve("a.dcm"));
    assertThat(VolumeReaders.read(file).voxels()).containsExactly(-1, 1, 2047, -2048, 0, 5);
  }

  @Test
  void unsignedVoxelsStayPositive() throws IOException {
    Path file =
        DicomFile.slice(0, 0)
            .number(0x00280103, 0)
            .decimals(0x00281052, 0)
            .voxels((short) 65535, (short) 32768, (short) 1, (short) 0, (short) 2, (short) 3)
            .write(dir.resolve("a.dcm"));
    assertThat(VolumeReaders.read(file).voxels()).containsExactly(65535, 32768, 1, 0, 2, 3);
    assertThat(VolumeReaders.info(file).pixelType()).isEqualTo("uint16");
  }

  @Test
  void monochrome1IsNotInverted() throws IOException {
    Path file =
        DicomFile.slice(0, 1024).text(0x00280004, "CS", "MONOCHROME1").write(dir.resolve("a.dcm"));
    assertThat(VolumeReaders.read(file).voxels()).containsExactly(0, 1, 2, 3, 4, 5);
  }

  @Test
  void aTiltedGantryGivesAShearedAffine() throws IOException {
    for (int i = 0; i < 3; i++) {
      DicomFile.slice(2.5 * i, 0)
          .decimals(0x00200032, -10, -20 + 0.4 * i, 2.5 * i)
          .write(dir.resolve(i + ".dcm"));
    }
    double[] m = VolumeReaders.read(dir).affine().matrix();
    assertThat(m[6])
        .as("y moves along with z")
        .isCloseTo(-0.4, org.assertj.core.data.Offset.offset(1e-9));
    assertThat(m[10]).isEqualTo(2.5);
  }

  @Test
  void anEnhancedMultiFrameFileIsOneVolume() throws IOException {
    short[] voxels = new short[18];
    for (int i = 0; i < 18; i++) {
      voxels[i] = (short) i;
    }
    DicomFile file =
        DicomFile.slice(0, 0)
            .text(0x00080016, "UI", "1.2.840.10008.5.1.4.1.1.2.1")
            .text(0x00280008, "IS", "3")
            .without(0x00200032)
            .without(0x00200037)
            .without(0x00280030)
            .without(0x00281052)
            .without(0x00281053)
            .voxels(voxels)
            .items(
                0x52009229,
                DicomFile.item()
                    .items(0x00209116, DicomFile.item().decimals(0x00200037, 1, 0, 0, 0, 1, 0))
                    .items(0x00289110, DicomFile.item().decimals(0x00280030, 0.7, 0.5)))
            .items(0x52009230, frame(4, 100), frame(0, 200), frame(2, 300));

    Volume volume = VolumeReaders.read(file.write(dir.resolve("a.dcm")));

    assertThat(volume.voxels())
        .containsExactly(
            206, 207, 208, 209, 210, 211, 312, 313, 314, 315, 316, 317, 100, 101, 102, 103, 104,
            105);
    assertThat(volume.affine().matrix())
        .containsExactly(-0.5, 0, 0, 10, 0, -0.7, 0, 20, 0, 0, 2, 0);
  }

  private static DicomFile frame(double z, double intercept) {
    return DicomFile.item()
        .items(0x00209113, DicomFile.item().decimals(0x00200032, -10, -20, z))
        .items(
            0x00289145, DicomFile.item().decimals(0x00281052, intercept).decimals(0x00281053, 1));
  }

  @Test
  void severalFramesWithoutPlacesAreRefused() throws IOException {
    Path file =
        DicomFile.slice(0, 0)
            .text(0x00280008, "IS", "2")
            .voxels(new short[12])
            .write(dir.resolve("a.dcm"));
    assertRefused(
        file,
        "it holds 2 frames without the place of each (Per-frame Functional Groups Sequence);"
            + " convert it to an enhanced or a single-frame series");
  }

  @Test
  void bystandersAreLeftOutButADamagedSliceIsNot() throws IOException {
    series(3);
    Files.writeString(dir.resolve("DICOMDIR"), "an index");
    Files.writeString(dir.resolve("notes.txt"), "hello");
    Files.writeString(dir.resolve(".hidden"), "hello");
    Files.createDirectory(dir.resolve("thumbs"));
    assertThat(VolumeReaders.read(dir).depth()).isEqualTo(3);

    Path damaged = Files.write(dir.resolve("IM0004"), new byte[500]);
    assertThatThrownBy(() -> VolumeReaders.read(dir))
        .isInstanceOf(VolumeFormatException.class)
        .hasMessage(
            damaged
                + ": it is no DICOM file, or a damaged one; remove it from the folder, or copy it"
                + " again");
  }

  @Test
  void aTruncatedSliceIsRefused() throws IOException {
    series(3);
    Path cut = dir.resolve("1.dcm");
    byte[] whole = Files.readAllBytes(cut);
    Files.write(cut, Arrays.copyOf(whole, whole.length - 5));
    assertThatThrownBy(() -> VolumeReaders.read(dir))
        .isInstanceOf(VolumeFormatException.class)
        .hasMessage(
            cut
                + ": truncated: its header claims 12 bytes of voxels, the file holds 7; copy the"
                + " file again");
  }

  @Test
  void aTruncatedDeflatedSliceIsRefused() throws IOException {
    byte[] whole = DicomFile.slice(0, 0).syntax(DicomFile.DEFLATED).toBytes();
    Path file = Files.write(dir.resolve("a.dcm"), Arrays.copyOf(whole, whole.length - 5));
    assertRefused(file, "its deflated data is damaged or truncated; copy the file again");
  }

  @Test
  void aSliceCutInItsHeaderIsRefused() throws IOException {
    byte[] whole = DicomFile.slice(0, 0).toBytes();
    Path file = Files.write(dir.resolve("a.dcm"), Arrays.copyOf(whole, 400));
    assertThatThrownBy(() -> VolumeReaders.read(file))
        .isInstanceOf(VolumeFormatException.class)
        .hasMessageStartingWith(file + ": ");
  }

  @Test
  void aDuplicateSliceIsRefused() throws IOException {
    series(3);
    DicomFile.slice(2.5, 7).write(dir.resolve("copy.dcm"));
    assertRefused(
        dir,
        "two slices lie at the same place: 1.dcm and copy.dcm; remove duplicates, or read one"
            + " phase of a 4D scan with DicomSeries.ofFiles");
  }

  @Test
  void missingSlicesAreCounted() throws IOException {
    series(6);
    Files.delete(dir.resolve("2.dcm"));
    Files.delete(dir.resolve("3.dcm"));
    DicomFile.slice(15, 0).write(dir.resolve("6.dcm"));
    assertRefused(
        dir,
        "the slices are not evenly spaced: 7.500 mm between 1.dcm and 4.dcm, 2.500 mm elsewhere;"
            + " 2 slices are missing");
  }

  @Test
  void unevenSlicesAreRefused() throws IOException {
    series(3);
    DicomFile.slice(8.7, 0).write(dir.resolve("3.dcm"));
    assertRefused(
        dir,
        "the slices are not evenly spaced: 3.700 mm between 2.dcm and 3.dcm, 2.500 mm elsewhere;"
            + " read one evenly spaced part with DicomSeries.ofFiles");
  }

  @Test
  void aSliceBesideTheOthersIsRefused() throws IOException {
    series(3);
    DicomFile.slice(2.5, 0).decimals(0x00200032, -10, -17, 2.5).write(dir.resolve("1.dcm"));
    assertRefused(
        dir,
        "the positions of the slices do not lie on a line: 1.dcm is 3.000 mm beside it; the table"
            + " or the gantry moved");
  }

  @Test
  void slicesOfAnotherSizeOrOrientationAreRefused() throws IOException {
    series(2);
    Path other =
        DicomFile.slice(5, 0)
            .number(0x00280010, 3)
            .number(0x00280011, 2)
            .write(dir.resolve("2.dcm"));
    String fix =
        "; a localizer among the slices? Read the files that belong together with"
            + " DicomSeries.ofFiles";
    assertThatThrownBy(() -> VolumeReaders.read(dir))
        .hasMessage(other + ": its size 2 x 3 differs from 3 x 2 of 0.dcm" + fix);

    DicomFile.slice(5, 0).decimals(0x00200037, 1, 0, 0, 0, 0, -1).write(other);
    assertThatThrownBy(() -> VolumeReaders.read(dir))
        .hasMessage(
            other
                + ": its orientation [1.0, 0.0, 0.0, 0.0, 0.0, -1.0] differs from [1.0, 0.0, 0.0,"
                + " 0.0, 1.0, 0.0] of 0.dcm"
                + fix);

    DicomFile.slice(5, 0).decimals(0x00280030, 0.8, 0.5).write(other);
    assertThatThrownBy(() -> VolumeReaders.read(dir))
        .hasMessage(
            other + ": its pixel spacing [0.8, 0.5] differs from [0.7, 0.5] of 0.dcm" + fix);
  }

  @Test
  void severalSeriesAreListedWithoutNamingThePatient() throws IOException {
    series(2);
    DicomFile.slice(0, 50)
        .text(0x0020000e, "UI", "1.2.3.5")
        .text(0x00200011, "IS", "1")
        .write(dir.resolve("z.dcm"));

    List<DicomSeries> all = DicomSeries.list(dir);

    assertThat(all).hasSize(2);
    assertThat(all.get(0).number()).hasValue(1);
    assertThat(all.get(1).size()).isEqualTo(2);
    assertThat(all.get(1).modality()).isEqualTo("CT");
    assertThat(all.get(0).read().voxels()).startsWith(-974);
    assertThatThrownBy(() -> VolumeReaders.read(dir))
        .isInstanceOf(VolumeFormatException.class)
        .hasMessage(
            dir
                + ": the folder holds 2 series, expected one: series 1, CT, 1 image of 3 x 2, id "
                + all.get(0).id()
                + "; series 3, CT, 2 images of 3 x 2, id "
                + all.get(1).id()
                + "; give each series a folder (in Java: DicomSeries.list)");
    assertThat(all.get(0).id()).hasSize(12).doesNotContain("1.2.3");
  }

  @Test
  void filesOfSeveralFoldersCanBeChosen() throws IOException {
    Path other = Files.createDirectory(dir.resolve("other"));
    Path a = DicomFile.slice(2.5, 0).write(dir.resolve("a"));
    Path b = DicomFile.slice(0, 0).write(other.resolve("b"));
    assertThat(DicomSeries.ofFiles(List.of(a, b)).read().depth()).isEqualTo(2);
  }

  @Test
  void colourIsRefused() throws IOException {
    Path file =
        DicomFile.slice(0, 0)
            .number(0x00280002, 3)
            .text(0x00280004, "CS", "RGB")
            .voxels(new short[18])
            .write(dir.resolve("a.dcm"));
    assertRefused(
        file,
        "a volume has one grey value per voxel, this image is RGB with 3 samples per pixel; colour"
            + " and derived images cannot be read");
  }

  @Test
  void missingGeometryIsRefused() throws IOException {
    String fix =
        " is missing or not a number, so the image has no place in the patient; secondary captures"
            + " and scanned films cannot be read";
    Path file = dir.resolve("a.dcm");
    DicomFile.slice(0, 0).without(0x00200032).write(file);
    assertRefused(file, "Image Position (Patient)" + fix);
    DicomFile.slice(0, 0).without(0x00200037).write(file);
    assertRefused(file, "Image Orientation (Patient)" + fix);
    DicomFile.slice(0, 0).text(0x00280030, "DS", "0.7\\x").write(file);
    assertRefused(file, "Pixel Spacing" + fix);
    DicomFile.slice(0, 0).without(0x00180050).write(file);
    assertRefused(
        file, "a single slice needs Slice Thickness or Spacing Between Slices > 0 mm, got none");
  }

  @Test
  void aFolderWithoutImagesSaysSo() throws IOException {
    Files.createDirectory(dir.resolve("series"));
    assertRefused(
        dir,
        "neither the folder nor one below it holds a DICOM series, or a file that ends as a volume"
            + " does; name the one that does");
  }

  @Test
  void noMessageNamesThePatient() throws IOException {
    DicomFile.slice(0, 0).decimals(0x00281053, 0).write(dir.resolve("a.dcm"));
    assertThatThrownBy(() -> VolumeReaders.read(dir))
        .isInstanceOf(VolumeFormatException.class)
        .hasMessageNotContainingAny("Doe", "Jane", "PATIENT-77", "1.2.3.4")
        .hasMessageContaining("Rescale Slope");
  }

  private void series(int count) throws IOException {
    for (int i = 0; i < count; i++) {
      DicomFile.slice(2.5 * i, 100 * i).write(dir.resolve(i + ".dcm"));
    }
  }

  private static void assertRefused(Path path, String problem) {
    assertThatThrownBy(() -> VolumeReaders.read(path))
        .isInstanceOf(VolumeFormatException.class)
        .hasMessage(path + ": " + problem);
  }
}
