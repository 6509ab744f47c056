package io.t3d.data.itk;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.t3d.core.volume.Volume;
import io.t3d.data.io.VolumeReaders;
import io.t3d.data.io.spi.VolumeFormatException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is one scan in HU, and what only looks like one. */
@Tag("itk")
class DicomScansTest {
  private static final int SLOPE = 0x00281053;
  private static final int INTERCEPT = 0x00281052;
  private static final int ACQUISITION = 0x00200012;

  @TempDir Path dir;

  @Test
  void aSliceWithoutTheRescaleOfTheOthersIsRefused() throws IOException {
    for (int missing : new int[] {0, 2}) {
      for (int tag : new int[] {SLOPE, INTERCEPT}) {
        series(4, (i, slice) -> i == missing ? slice.without(tag) : slice);
        assertRefused(
            missing + ".dcm",
            "it lacks Rescale Slope or Intercept, which "
                + (missing == 0 ? "1.dcm" : "0.dcm")
                + " has, so its values would be off by the intercept; export the series again");
      }
    }
  }

  @Test
  void aCtWithoutRescaleIsReadAsStoredWithAWarning() throws IOException {
    series(3, (i, slice) -> slice.without(SLOPE).without(INTERCEPT));
    assertThat(VolumeReaders.read(dir).voxels()).startsWith(0, 1, 2);
    assertThat(VolumeReaders.info(dir).warnings())
        .containsExactly(
            "its CT slices lack Rescale Slope or Intercept, so its values are taken as stored and"
                + " may be no HU; give a slope and an intercept in the manifest if you know them");

    series(3, (i, slice) -> slice.without(SLOPE).without(INTERCEPT).text(0x00080060, "CS", "MR"));
    assertThat(VolumeReaders.info(dir).warnings()).isEmpty();
    assertThat(VolumeReaders.info(dir).modality()).isEqualTo("MR");
  }

  @ParameterizedTest
  @ValueSource(ints = {SLOPE, INTERCEPT})
  void anEmptyRescaleIsNamedAsEmpty(int tag) throws IOException {
    series(3, (i, slice) -> slice.text(tag, "DS", ""));
    assertRefused(
        "0.dcm",
        "its Rescale Slope or Intercept is empty, so the values cannot be brought to HU; export"
            + " the series again, or write the values into the header");
  }

  @ParameterizedTest
  @ValueSource(doubles = {0.625, 0.7, 0.8, 1.25, 0.3333, 2.0 / 3})
  void positionsRoundedInTheHeaderAreNoGap(double spacing) throws IOException {
    rounded(16, spacing);
    Volume volume = VolumeReaders.read(dir);
    assertThat(volume.depth()).isEqualTo(16);
    assertThat(volume.affine().spacing().z()).isCloseTo(spacing, within(0.1 / 15));
  }

  @ParameterizedTest
  @ValueSource(doubles = {0.625, 0.7, 0.8, 1.25, 0.3333, 2.0 / 3})
  void aMissingSliceShowsThoughPositionsAreRounded(double spacing) throws IOException {
    for (int missing = 1; missing < 15; missing++) {
      rounded(16, spacing);
      Path gone = dir.resolve(missing + ".dcm");
      Files.delete(gone);
      assertThatThrownBy(() -> VolumeReaders.read(dir))
          .as("without %d", missing)
          .isInstanceOf(VolumeFormatException.class)
          .hasMessageContaining("the slices are not evenly spaced");
    }
  }

  @Test
  void wholeMillimetresAreNoRoundingThatIsPassedOver() throws IOException {
    int[] places = {0, 5, 10, 14};
    series(4, (i, slice) -> slice.text(0x00200032, "DS", "-10\\-20\\" + places[i]));
    assertThatThrownBy(() -> VolumeReaders.read(dir))
        .hasMessageContaining("the slices are not evenly spaced");
  }

  private void rounded(int count, double spacing) throws IOException {
    series(
        count,
        (i, slice) ->
            slice.text(
                0x00200032,
                "DS",
                String.format(Locale.ROOT, "-10\\-20\\%.1f", -100 + i * spacing)));
  }

  @Test
  void aMosaicIsRefusedByName() throws IOException {
    String problem =
        "it is a Siemens mosaic: many slices as tiles of one image; convert the series with"
            + " dcm2niix and give the NIfTI file";
    series(1, (i, s) -> s.text(0x00080008, "CS", "ORIGINAL\\PRIMARY\\M\\ND\\MOSAIC"));
    assertRefused("0.dcm", problem);
    series(1, (i, s) -> s.text(0x00190010, "LO", "SIEMENS MR HEADER").number(0x0019100a, 36));
    assertRefused("0.dcm", problem);
  }

  @Test
  void aDoseMapASegmentationAndAProjectionAreRefusedByName() throws IOException {
    refusedClass("481.2", "it is an RT Dose, a map of radiation dose and no scan");
    refusedClass("66.4", "it is a DICOM segmentation and no scan");
    refusedClass("481.1", "it is an RT Image, a projection and no slice");
  }

  private void refusedClass(String end, String problem) throws IOException {
    series(1, (i, s) -> s.text(0x00080016, "UI", "1.2.840.10008.5.1.4.1.1." + end));
    assertRefused("0.dcm", problem + "; give the CT's folder");
  }

  @Test
  void severalFramesOfReferenceAreRefused() throws IOException {
    series(4, (i, slice) -> slice.text(0x00200052, "UI", i < 2 ? "1.2.9" : "1.2.10"));
    assertRefused(
        "2.dcm",
        "its Frame of Reference UID differs from that of 0.dcm though both are of one series, so"
            + " their positions cannot be compared; give each scan a folder");
    series(4, (i, slice) -> i < 2 ? slice.text(0x00200052, "UI", "1.2.9") : slice);
    assertThat(VolumeReaders.read(dir).depth()).as("some do not tell").isEqualTo(4);
  }

  @Test
  void severalAcquisitionsAreRefused() throws IOException {
    String problem =
        "its series holds 2 acquisitions, expected one: Acquisition Number 1 (3 slices), 2 (3);"
            + " give each a folder";
    series(6, (i, slice) -> slice.text(ACQUISITION, "IS", i < 3 ? "1" : "2"));
    assertFolderRefused(problem);
    series(6, (i, slice) -> slice.text(ACQUISITION, "IS", i % 2 == 0 ? "1" : "2"));
    assertFolderRefused(problem);
    // Two phases at the same places.
    series(
        6,
        (i, slice) ->
            slice
                .decimals(0x00200032, -10, -20, 2.5 * (i % 3))
                .text(ACQUISITION, "IS", i < 3 ? "1" : "2"));
    assertFolderRefused(problem);
  }

  @Test
  void stepAndShootIsOneScan() throws IOException {
    series(8, (i, slice) -> slice.text(ACQUISITION, "IS", Integer.toString(1 + i / 2)));
    assertThat(VolumeReaders.read(dir).depth()).isEqualTo(8);
    series(8, (i, slice) -> slice.text(ACQUISITION, "IS", Integer.toString(1 + i / 3)));
    assertThat(VolumeReaders.read(dir).depth()).as("the last is cut short").isEqualTo(8);
    series(8, (i, slice) -> slice.text(ACQUISITION, "IS", i < 3 ? "1" : i < 5 ? "2" : "3"));
    assertThat(VolumeReaders.read(dir).depth()).as("one is a slice shorter").isEqualTo(8);
    series(8, (i, slice) -> slice.text(ACQUISITION, "IS", Integer.toString(1 + i % 4)));
    assertThatThrownBy(() -> VolumeReaders.read(dir)).hasMessageContaining("4 acquisitions");
  }

  @Test
  void messagesStayShortHoweverManySeriesThereAre() throws IOException {
    series(40, (i, slice) -> slice.text(0x0020000e, "UI", "1.2.3." + i));
    assertThatThrownBy(() -> VolumeReaders.read(dir))
        .isInstanceOf(VolumeFormatException.class)
        .hasMessageStartingWith(dir + ": the folder holds 40 series, expected one: series 3, CT")
        .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(300));
  }

  @Test
  void messagesStayShortWhateverTheNumbers() throws IOException {
    series(
        2,
        (i, slice) ->
            slice.decimals(0x00200037, 1 - 1e-9 / 3, 1e-9 / 7, 1e-9 / 3, 0, i + 1e-9 / 3, 1 - i));
    assertThatThrownBy(() -> VolumeReaders.read(dir))
        .hasMessageContaining("its orientation [1.0, 0.0, 0.0, 0.0, 1.0, 0.0] differs from")
        .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(300));
  }

  @Test
  void aFileWithoutAnEndingIsKnownByItsContent() throws IOException {
    for (String name : new String[] {"IM0001", "1.2.840.113619.2.55.3", "a.img", "b.ct"}) {
      Path file = DicomFile.slice(0, 1024).write(dir.resolve(name));
      assertThat(VolumeReaders.supports(file)).isTrue();
      assertThat(VolumeReaders.read(file).voxels()).as(name).startsWith(0, 1, 2);
    }
    assertThat(VolumeReaders.info(dir.resolve("IM0001")).warnings())
        .containsExactly(
            "it is a single slice, expected a volume; 4 DICOM files lie in its folder: to read the"
                + " whole series give "
                + dir);
  }

  private interface Edit {
    DicomFile apply(int i, DicomFile slice);
  }

  /** Slices at 0, 2.5, … mm; those of an earlier call are replaced. */
  private void series(int count, Edit edit) throws IOException {
    for (int i = 0; i < count; i++) {
      edit.apply(i, DicomFile.slice(2.5 * i, 0)).write(dir.resolve(i + ".dcm"));
    }
  }

  private void assertRefused(String file, String problem) {
    assertThatThrownBy(() -> VolumeReaders.read(dir))
        .isInstanceOf(VolumeFormatException.class)
        .hasMessage(dir.resolve(file) + ": " + problem)
        .satisfies(e -> assertThat(e.getMessage()).hasSizeLessThan(300));
  }

  private void assertFolderRefused(String problem) {
    assertThatThrownBy(() -> VolumeReaders.read(dir))
        .isInstanceOf(VolumeFormatException.class)
        .hasMessage(dir + ": " + problem);
  }
}
