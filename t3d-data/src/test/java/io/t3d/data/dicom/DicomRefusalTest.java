package io.t3d.data.dicom;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.core.T3dException;
import io.t3d.core.volume.Volume;
import io.t3d.data.itk.DicomSeries;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What cannot become DICOM is refused, and leaves nothing behind. */
@Tag("itk")
@Tag("dcmtk")
class DicomRefusalTest {
  private static final DicomSegmentation BODY =
      new DicomSegmentation(
          List.of(new DicomSegmentation.Segment("body", 1, CodeTable.standard().codes("body"))),
          new DicomSoftware("T3D test", "1", "x"),
          "test");

  @TempDir Path dir;

  private void refused(int missing, String reason) throws Exception {
    Path ct = Files.createDirectories(dir.resolve("ct"));
    for (int z = 0; z < 2; z++) {
      CtSeries.slice(z, 5, 7).without(missing).write(ct.resolve(z + ".dcm"));
    }
    DicomSeries series = DicomSeries.only(ct);
    Volume mask = series.read();
    Path out = dir.resolve("out/seg.dcm");
    assertThatThrownBy(() -> BODY.write(series, mask, out))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("no DICOM can be made of this")
        .hasMessageContaining(reason)
        .hasMessageNotContaining("Doe");
    assertThat(out.getParent()).isEmptyDirectory();
  }

  @Test
  void aSeriesWithoutAFrameOfReferenceHasNoPlaceForASegmentation() throws Exception {
    refused(0x00200052, "Frame of Reference UID");
  }

  @Test
  void aSeriesWithoutAStudyHasNoPlaceInAnArchive() throws Exception {
    refused(0x0020000d, "Study Instance UID");
  }

  @Test
  void aMaskOfAnotherGridIsRefused() throws Exception {
    DicomSeries series = DicomSeries.only(CtSeries.write(dir.resolve("ct"), 3));
    Volume other = DicomSeries.only(CtSeries.write(dir.resolve("other"), 2)).read();
    assertThatThrownBy(() -> BODY.write(series, other, dir.resolve("seg.dcm")))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("3 x 5 x 7")
        .hasMessageContaining("2 x 5 x 7");
    assertThat(dir.resolve("seg.dcm")).doesNotExist();
  }

  @Test
  void anOldFileStaysWhenTheNewOneFails() throws Exception {
    Path ct = Files.createDirectories(dir.resolve("ct"));
    CtSeries.slice(0, 5, 7).without(0x00200052).write(ct.resolve("0.dcm"));
    DicomSeries series = DicomSeries.only(ct);
    Path out = Files.writeString(dir.resolve("seg.dcm"), "old");
    Volume mask = series.read();
    assertThatThrownBy(() -> BODY.write(series, mask, out)).isInstanceOf(T3dException.class);
    assertThat(out).hasContent("old");
  }

  @Test
  void textsThatAreNotInTheirCharacterSetAreRefused() throws Exception {
    Path ct = Files.createDirectories(dir.resolve("ct"));
    CtSeries.slice(0, 5, 7).text(0x00080005, "CS", "ISO_IR 9999").write(ct.resolve("0.dcm"));
    DicomSeries series = DicomSeries.only(ct);
    Volume mask = series.read();
    assertThatThrownBy(() -> BODY.write(series, mask, dir.resolve("seg.dcm")))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("Specific Character Set");
  }
}
