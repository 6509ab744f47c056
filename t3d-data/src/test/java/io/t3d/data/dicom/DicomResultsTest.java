package io.t3d.data.dicom;

import static org.assertj.core.api.Assertions.assertThat;

import io.t3d.core.volume.Volume;
import io.t3d.data.itk.DicomSeries;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What we write, as validators and another reader see it. */
@Tag("orthanc")
class DicomResultsTest {
  private static final DicomSoftware SOFTWARE = new DicomSoftware("T3D tést", "1.2", "abc");

  @TempDir Path dir;

  @Test
  void aSegmentationIsValidAndHoldsTheMaskBitByBit() throws Exception {
    DicomSeries series = DicomSeries.only(CtSeries.write(dir.resolve("ct"), 4));
    Volume ct = series.read();
    float[] mask = mask(ct);
    CodeTable codes = CodeTable.standard();
    Path out = dir.resolve("out/seg.dcm");
    String uid =
        new DicomSegmentation(
                List.of(
                    new DicomSegmentation.Segment("lungs", 3, codes.codes("lungs")),
                    new DicomSegmentation.Segment("Einhörner", 9, codes.codes("Einhörner")),
                    new DicomSegmentation.Segment("nowhere", 77, codes.codes("nodule"))),
                SOFTWARE,
                "T3D segmentation")
            .write(series, ct.withVoxels(mask), out);

    assertThat(Tool.run("dciodvfy", out)).contains("Segmentation").doesNotContain("Error");
    String dump = Tool.run("dcmdump", "+L", "+Ep", out);
    assertThat(dump)
        .contains("[" + uid + "]", "[Doe^Jane]", "[PATIENT-77]", "[" + CtSeries.STUDY + "]")
        .contains("[lungs]", "[39607008]", "[Einhörner]", "[99T3D]", "[49755003]", "[27925004]")
        .contains("[ISO_IR 192]", "[BINARY]");
    assertThat(value(dump, "SegmentSequence")).isNotEmpty();
    // Slices 1 and 2 have segment 3, slice 3 has 9, and "nowhere" one empty frame.
    assertThat(value(dump, "NumberOfFrames")).isEqualTo("4");
    assertThat(all(dump, "ReferencedSegmentNumber")).containsExactly("1", "1", "2", "3");
    assertThat(all(dump, "ImagePositionPatient"))
        .containsExactly("-10\\-20\\-97.5", "-10\\-20\\-95", "-10\\-20\\-92.5", "-10\\-20\\-100");
    List<String> sources = all(dump, "ReferencedSOPInstanceUID");
    assertThat(sources)
        .containsExactly(
            CtSeries.SERIES + ".1",
            CtSeries.SERIES + ".2",
            CtSeries.SERIES + ".3",
            CtSeries.SERIES + ".4",
            CtSeries.SERIES + ".2",
            CtSeries.SERIES + ".3",
            CtSeries.SERIES + ".4",
            CtSeries.SERIES + ".1");
    assertThat(bits(out)).isEqualTo(expectedBits(mask));
    try (var files = Files.list(out.getParent())) {
      assertThat(files).containsExactly(out);
    }
  }

  /** 3 in slices 1 and 2, 9 in slice 3, and a value that no segment has in slice 0. */
  private static float[] mask(Volume ct) {
    float[] mask = new float[ct.voxels().length];
    int area = ct.height() * ct.width();
    for (int i = 0; i < mask.length; i++) {
      int z = i / area;
      boolean some = (i * 7 + z) % 5 < 2;
      mask[i] = !some ? 0 : z == 0 ? 200 : z == 3 ? 9 : 3;
    }
    return mask;
  }

  private static List<Integer> expectedBits(float[] mask) {
    List<Integer> bits = new ArrayList<>();
    int area = 35;
    int[][] frames = {{1, 3}, {2, 3}, {3, 9}, {0, 77}};
    for (int[] frame : frames) {
      for (int i = 0; i < area; i++) {
        bits.add(mask[frame[0] * area + i] == frame[1] ? 1 : 0);
      }
    }
    return bits;
  }

  /** The last element of the file is Pixel Data, 18 bytes for 140 bits, lowest bit first. */
  private static List<Integer> bits(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    List<Integer> bits = new ArrayList<>();
    for (int i = 0; i < 4 * 35; i++) {
      bits.add(bytes[bytes.length - 18 + i / 8] >> (i % 8) & 1);
    }
    return bits;
  }

  @Test
  void framesOfAnEnhancedImageAreReferredToByNumber() throws Exception {
    Path enhanced = Path.of("src/test/resources/golden/dicom/enhanced/0.dcm");
    DicomSeries series = DicomSeries.only(enhanced);
    Volume ct = series.read();
    float[] mask = new float[ct.voxels().length];
    java.util.Arrays.fill(mask, 1);
    Path out = dir.resolve("seg.dcm");
    new DicomSegmentation(
            List.of(new DicomSegmentation.Segment("body", 1, CodeTable.standard().codes("body"))),
            SOFTWARE,
            "all")
        .write(series, ct.withVoxels(mask), out);

    assertThat(Tool.run("dciodvfy", out)).doesNotContain("Error");
    String dump = Tool.run("dcmdump", "+L", out);
    assertThat(all(dump, "ReferencedFrameNumber"))
        .hasSize(ct.depth())
        .doesNotHaveDuplicates()
        .contains("1", Integer.toString(ct.depth()));
  }

  @Test
  void aReportIsValidAndSaysWhatWasFound() throws Exception {
    DicomSeries series = DicomSeries.only(CtSeries.write(dir.resolve("ct"), 3));
    Path out = dir.resolve("sr.dcm");
    CodeTable codes = CodeTable.standard();
    new DicomReport(
            List.of(
                new DicomReport.Finding(
                    "pleural_effusion", codes.codes("pleural_effusion").type(), 0.731234567),
                new DicomReport.Finding("Einhörner", codes.codes("Einhörner").type(), 0),
                new DicomReport.Finding("nodule", codes.codes("nodule").type(), 1)),
            SOFTWARE,
            "T3D zero-shot findings")
        .write(series, out);

    assertThat(Tool.run("dciodvfy", out)).contains("EnhancedSR").doesNotContain("Error");
    String text = Tool.run("dsrdump", "+Pc", out);
    assertThat(text)
        .contains("Doe^Jane", "UNVERIFIED", "COMPLETE")
        .contains("(60046008,SCT,\"Pleural effusion\")", "=\"73.1235\" (%,UCUM,\"Percent\")")
        .contains(",99T3D,\"Einhörner\")", "=\"0\" (%,UCUM,\"Percent\")")
        .contains("(27925004,SCT,\"Nodule\")", "=\"100\" (%,UCUM,\"Percent\")")
        .contains("\"T3D tést\"", "\"1.2\"");
    String dump = Tool.run("dcmdump", "+L", out);
    assertThat(all(dump, "ReferencedSOPInstanceUID"))
        .contains(CtSeries.SERIES + ".1", CtSeries.SERIES + ".2", CtSeries.SERIES + ".3");
    assertThat(value(dump, "StudyInstanceUID")).isEqualTo(CtSeries.STUDY);
  }

  private static List<String> all(String dump, String keyword) {
    List<String> out = new ArrayList<>();
    Matcher m =
        Pattern.compile("[A-Z]{2} \\[?([^\\]#]*?)\\]? +#[^\\n]* " + keyword + "\\n").matcher(dump);
    while (m.find()) {
      out.add(m.group(1));
    }
    return out;
  }

  private static String value(String dump, String keyword) {
    return all(dump, keyword).get(0);
  }
}
