package io.t3d.data.manifest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.t3d.core.volume.Spacing;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ManifestTest {
  @TempDir Path folder;

  @BeforeEach
  void writeFiles() throws IOException {
    Files.writeString(folder.resolve("a.nii"), "");
    Files.writeString(folder.resolve("b.nii"), "");
    Files.createDirectory(folder.resolve("series"));
  }

  @Test
  void allColumnsAreRead() throws IOException {
    Manifest manifest =
        read(
            "volume,report,split,patient,mask,label:nodule,label:effusion\n"
                + "a.nii,\"Two lines,\nand a \"\"quote\"\".\",train,p1,b.nii,1,\n"
                + "series,Clear.,TEST,p2,,0,1\n");
    assertThat(manifest.labelNames()).containsExactly("nodule", "effusion");
    assertThat(manifest.rows())
        .containsExactly(
            new ManifestRow(
                2,
                folder.resolve("a.nii"),
                "Two lines,\nand a \"quote\".",
                Split.TRAIN,
                "p1",
                Map.of("nodule", true),
                Optional.of(folder.resolve("b.nii"))),
            new ManifestRow(
                3,
                folder.resolve("series"),
                "Clear.",
                Split.TEST,
                "p2",
                Map.of("nodule", false, "effusion", true),
                Optional.empty()));
    assertThat(manifest.select(Split.TEST)).containsExactly(manifest.rows().get(1));
    assertThat(manifest.select(Split.VALIDATION)).isEmpty();
  }

  @Test
  void aByteOrderMarkAndWindowsLineEndsAreTaken() throws IOException {
    Manifest manifest = read("\uFEFFvolume,report\r\na.nii,Fein.\r\n\r\n");
    assertThat(manifest.rows()).hasSize(1);
    assertThat(manifest.rows().get(0).report()).isEqualTo("Fein.");
  }

  @Test
  void withoutSplitsEveryRowIsSelectedAndAVolumeIsAPatient() throws IOException {
    Manifest manifest = read("volume,report\na.nii,One.\na.nii,Two.\nb.nii,Three.\n");
    assertThat(manifest.hasSplits()).isFalse();
    assertThat(manifest.select(Split.TRAIN)).hasSize(3);
    List<String> patients = manifest.rows().stream().map(ManifestRow::patient).toList();
    assertThat(patients.get(0)).isEqualTo(patients.get(1)).isNotEqualTo(patients.get(2));
  }

  @ParameterizedTest
  @CsvSource({"volum,volume", "Report,report", "pateint,patient", "labels:nodule,label:nodule"})
  void anUnknownColumnIsAnErrorWithAHint(String written, String meant) {
    assertThat(problems("volume,report," + written + "\na.nii,x,y\n"))
        .singleElement()
        .asString()
        .contains("unknown column \"" + written + "\"")
        .contains(
            "known are volume, report, split, patient, mask, slope, intercept, spacing, source, id,"
                + " label:NAME")
        .contains("did you mean \"" + meant + "\"?");
  }

  @Test
  void anUnlikelyColumnGetsNoHint() {
    assertThat(problems("volume,report,hospital\na.nii,x,y\n").get(0)).doesNotContain("did you");
  }

  @Test
  void headerProblemsAreErrors() {
    assertThat(problems("volume,split\na.nii,train\n"))
        .containsExactly("row 1: required column \"report\" is missing; got volume, split");
    assertThat(problems("volume;report\na.nii;x\n").get(0)).contains("separate columns by commas");
    assertThat(problems("volume,report,report\na.nii,x,y\n").get(0)).contains("appears twice");
    assertThat(problems("volume,report,label:\na.nii,x,1\n").get(0)).contains("has no name");
  }

  @Test
  void emptyManifestsAreErrors() {
    assertThat(problems(""))
        .containsExactly("the file is empty; its first row must be volume,report,…");
    assertThat(problems("volume,report\n")).containsExactly("there is a header but no row of data");
  }

  @Test
  void allProblemsOfTheRowsAreReportedTogether() {
    List<String> problems =
        problems(
            "volume,report,split,patient,label:nodule\n"
                + "a.nii,  ,train,secret,1\n"
                + "gone.nii,x,train,secret,1\n"
                + "a.nii,x,dev,secret,yes\n"
                + "b.nii,y,train,secret,0\n"
                + "b.nii,y,test,secret,0\n"
                + ",z,test,secret,0\n"
                + "a.nii,a comma, not quoted,test,secret,0\n");
    assertThat(problems)
        .containsExactly(
            "row 2: the report is blank; write it or remove the row",
            "row 3: volume not found: "
                + folder.resolve("gone.nii")
                + "; paths are relative to the manifest's folder",
            "row 4: split must be train, validation, test or empty, got \"dev\"",
            "row 4: label:nodule must be 0, 1 or empty (unknown), got \"yes\"",
            "row 6: repeats row 5 (same volume and report); remove one of them",
            "row 7: the cell of column volume is empty",
            "row 8: has 6 cells, expected 5 as in the header; quote cells that hold commas");
    assertThat(problems).noneMatch(p -> p.contains("secret"));
  }

  @Test
  void aWordThatSaysNothingIsNoReport() {
    assertThat(problems("volume,report\na.nii,nan\nb.nii,Not given.\nseries,\u00a0\u200b\n"))
        .containsExactly(
            "row 2: \"nan\" is no report; write it or remove the row",
            "row 3: \"Not given.\" is no report; write it or remove the row",
            "row 4: the report is blank; write it or remove the row");
  }

  @Test
  void inOtherColumnsSuchAWordIsAnEmptyCell() throws IOException {
    Manifest manifest =
        read("volume,report,split,patient,mask\na.nii,x,nan,nan,None\nb.nii,y,,NULL,\n");
    ManifestRow a = manifest.rows().get(0);
    assertThat(a.split()).isEqualTo(Split.UNASSIGNED);
    assertThat(a.patient()).isNotEqualTo(manifest.rows().get(1).patient());
    assertThat(a.mask()).isEmpty();
  }

  @Test
  void aPatientMayBeNamedAsAWordForNothing() throws IOException {
    assertThat(read("volume,report,patient\na.nii,x,NA\nb.nii,y,Nil\n").rows())
        .extracting(ManifestRow::patient)
        .containsExactly("NA", "Nil");
    assertThat(problems("volume,report,split\na.nii,x,unknown\n"))
        .containsExactly("row 2: split must be train, validation, test or empty, got \"unknown\"");
  }

  @Test
  void aSpacingThatNoScannerMakesIsAnError() {
    assertThat(problems("volume,report,spacing\na.nii,x,700 700 2500\n"))
        .singleElement()
        .asString()
        .startsWith("row 2: spacing gives voxels of 700 x 700 x 2500 mm, expected 0.01 to 100 mm");
  }

  @Test
  void labelsAreReadAsPandasWritesThem() throws IOException {
    Manifest manifest =
        read(
            "volume,report,label:a,label:b,label:c\n"
                + "a.nii,x,1.0,0.0,nan\nb.nii,y,True,False,\nseries,z,1,0.000,None\n");
    assertThat(manifest.rows())
        .extracting(ManifestRow::labels)
        .containsOnly(Map.of("a", true, "b", false));
  }

  @Test
  void aPathMeansWhatTheOperatingSystemSays() throws IOException {
    Path real = folder.toRealPath();
    Files.createDirectories(real.resolve("disk/ct/lists"));
    Files.createDirectories(real.resolve("disk/ct/scans"));
    Files.createDirectories(real.resolve("home/scans"));
    Files.createSymbolicLink(real.resolve("home/lists"), Path.of("../disk/ct/lists"));
    Path meant = Files.writeString(real.resolve("disk/ct/scans/a.nii"), "");
    Files.writeString(real.resolve("home/scans/a.nii"), "");
    Files.writeString(
        real.resolve("disk/ct/lists/m.csv"), "volume,report\n../scans/a.nii,Clear.\n");
    for (String name : List.of("home/lists/m.csv", "home/lists/../lists/m.csv")) {
      assertThat(Manifest.read(real.resolve(name)).rows().get(0).volume()).isEqualTo(meant);
    }
  }

  @Test
  void theSameFileInTwoSplitsIsAnErrorByWhateverName() throws IOException {
    Files.createSymbolicLink(folder.resolve("link.nii"), Path.of("a.nii"));
    assertThat(
            problems(
                "volume,report,split,patient\n"
                    + "a.nii,One.,train,p1\nb.nii,Two.,train,p2\nlink.nii,Three.,test,p3\n"))
        .containsExactly(
            "row 4: has the same volume as row 2, but is in the split test and that one in train; a"
                + " scan must be in one split only");
    assertThat(problems("volume,report\na.nii,One.\nlink.nii,One.\n"))
        .containsExactly("row 3: repeats row 2 (same volume and report); remove one of them");
  }

  @Test
  void theSameFileTwiceInASplitIsAWarning() throws IOException {
    Files.createSymbolicLink(folder.resolve("link.nii"), Path.of("a.nii"));
    assertThat(read("volume,report\na.nii,One.\nb.nii,Two.\nlink.nii,Three.\n").warnings())
        .containsExactly(
            "the same volume is in several rows: 2 and 4; that is right only where a scan has"
                + " several reports");
    assertThat(read("volume,report\na.nii,One.\nb.nii,Two.\n").warnings()).isEmpty();
  }

  @Test
  void patientsThatLookAlikeAreAWarning() throws IOException {
    Files.writeString(folder.resolve("c.nii"), "");
    String rows =
        "volume,report,split,patient\na.nii,x,train,%s\nb.nii,y,train,%s\nc.nii,z,test,%s\n";
    for (List<String> ids :
        List.of(
            List.of("P 01", "P02", "p01"),
            List.of("1207", "12", "1207.0"),
            List.of("Mu\u0308ller", "Meier", "m\u00fcller"),
            List.of("a\u00a0b", "b", "ab"))) {
      assertThat(read(String.format(rows, ids.get(0), ids.get(1), ids.get(2))).warnings())
          .as(ids.toString())
          .containsExactly(
              "patients count as different, but their ids differ in case, white space or \".0\""
                  + " only: rows 2 and 4; if they are one, write them alike, or one patient may be"
                  + " in two splits");
    }
    assertThat(read(String.format(rows, "1.10", "1.1", "11")).warnings()).isEmpty();
    assertThat(read(String.format(rows, "p1", "p1", "p2")).warnings()).isEmpty();
    assertThat(read(String.format(rows, "", "", "")).warnings()).isEmpty();
  }

  @Test
  void theMessageShowsTwentyProblemsAndCountsTheRest() {
    StringBuilder text = new StringBuilder("volume,report\n");
    for (int i = 0; i < 23; i++) {
      text.append("gone").append(i).append(".nii,x\n");
    }
    assertThatThrownBy(() -> read(text.toString()))
        .isInstanceOf(ManifestException.class)
        .hasMessageContaining("m.csv: 23 problems")
        .hasMessageContaining("row 21:")
        .hasMessageNotContaining("row 22:")
        .hasMessageEndingWith("… and 3 more");
  }

  @Test
  void whatIsNotUtf8OrNotCsvIsAnError() throws IOException {
    Path latin = folder.resolve("latin.csv");
    Files.write(latin, "volume,report\na.nii,Überblähung\n".getBytes(StandardCharsets.ISO_8859_1));
    assertThatThrownBy(() -> Manifest.read(latin)).hasMessageContaining("is not UTF-8");
    assertThat(problems("volume,report\na.nii,\"no end\n").get(0)).contains("not valid CSV");
  }

  @Test
  void aMissingManifestNamesItsPath() {
    assertThatThrownBy(() -> Manifest.read(folder.resolve("none.csv")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("none.csv");
    assertThatThrownBy(() -> Manifest.read(folder))
        .isInstanceOf(ManifestException.class)
        .hasMessageStartingWith(folder.toString())
        .hasMessageContaining("this is a folder; name the file in it");
  }

  @Test
  void writingAndReadingGivesTheSameRows() throws IOException {
    Manifest manifest =
        read(
            "volume,report,split,patient,mask,label:nodule\n"
                + "a.nii,\"Größe 3 mm,\n\"\"rund\"\"\",train,p1,b.nii,1\n"
                + "series,Clear.,,p2,,\n");
    Path copy = folder.resolve("copy.csv");
    Manifest.write(copy, manifest.rows());
    assertThat(Manifest.read(copy)).isEqualTo(manifest);
    assertThat(Files.readString(copy)).contains("\na.nii,").doesNotContain(folder.toString());
    try (Stream<Path> files = Files.list(folder)) {
      assertThat(files).noneMatch(f -> f.toString().endsWith(".tmp"));
    }
  }

  @Test
  void calibrationAndOriginAreReadAndWritten() throws IOException {
    Manifest manifest =
        read(
            "volume,report,slope,intercept,spacing,source,id\n"
                + "a.nii,x,0.5,-1024,0.7 0.8 1.5,ct-rate,train_1_a_1.nii.gz\n"
                + "b.nii,y,,,,,\n");
    assertThat(manifest.rows().get(0).calibration())
        .isEqualTo(new Calibration(0.5, -1024, Optional.of(new Spacing(1.5, 0.8, 0.7))));
    assertThat(manifest.rows().get(0).origin())
        .isEqualTo(new Origin("ct-rate", "train_1_a_1.nii.gz"));
    assertThat(manifest.rows().get(1).calibration().isNone()).isTrue();
    Path copy = folder.resolve("copy.csv");
    Manifest.write(copy, manifest.rows());
    assertThat(Files.readString(copy))
        .startsWith("volume,report,split,patient,slope,intercept,spacing,source,id\n")
        .contains("a.nii,x,,,0.5,-1024,0.7 0.8 1.5,ct-rate,train_1_a_1.nii.gz\n");
    assertThat(Manifest.read(copy)).isEqualTo(manifest);
  }

  @Test
  void badCalibrationIsAnError() {
    assertThat(
            problems(
                "volume,report,slope,intercept,spacing\n"
                    + "a.nii,x,0,,\n"
                    + "a.nii,y,one,,\n"
                    + "b.nii,x,,NaN,\n"
                    + "b.nii,y,,,0.7 0.7\n"
                    + "series,x,,,1 1 0\n"
                    + "series,y,2,,\n"))
        .containsExactly(
            "row 2: slope must be finite and not 0, got 0.0",
            "row 3: slope must be a number or empty, got \"one\"",
            "row 4: intercept must be finite, got NaN",
            "row 5: spacing must be three lengths > 0 mm, \"x y z\", or empty, got \"0.7 0.7\"",
            "row 6: spacing must be three lengths > 0 mm, \"x y z\", or empty, got \"1 1 0\"",
            "row 7: has another slope, intercept or spacing than row 6 of the same volume; correct"
                + " one of them");
  }

  @Test
  void labelledVolumesMayComeWithoutReports() throws IOException {
    Manifest manifest = read("volume,split,label:nodule\na.nii,test,1\n");
    assertThat(manifest.hasReports()).isFalse();
    assertThat(manifest.rows().get(0).report()).isEmpty();
    assertThatThrownBy(manifest::requireReports)
        .hasMessage(
            "The manifest has labels but no column report; pre-training and retrieval need"
                + " reports, zero-shot classification does not");
    Path copy = folder.resolve("copy.csv");
    Manifest.write(copy, manifest.rows());
    assertThat(Files.readString(copy)).startsWith("volume,split,patient,label:nodule\n");
    assertThat(Manifest.read(copy)).isEqualTo(manifest);
    assertThat(problems("volume,report,label:nodule\na.nii,,1\n"))
        .containsExactly("row 2: the report is blank; write it or remove the row");
  }

  @Test
  void writingAgainKeepsThePermissions() throws IOException {
    Manifest manifest = read("volume,report\na.nii,x\n");
    Path file = folder.resolve("fresh.csv");
    Manifest.write(file, manifest.rows());
    assertThat(Files.getPosixFilePermissions(file))
        .isEqualTo(Files.getPosixFilePermissions(folder.resolve("a.nii")));
    Set<PosixFilePermission> shared = PosixFilePermissions.fromString("rw-rw-r--");
    Files.setPosixFilePermissions(file, shared);
    Manifest.write(file, manifest.rows());
    assertThat(Files.getPosixFilePermissions(file)).isEqualTo(shared);
  }

  @Test
  void aManifestElsewhereHoldsAbsolutePaths() throws IOException {
    Manifest manifest = read("volume,report\na.nii,x\n");
    Path elsewhere = folder.resolve("sub/deep/m.csv");
    Manifest.write(elsewhere, manifest.rows());
    assertThat(Manifest.read(elsewhere).rows()).isEqualTo(manifest.rows());
    assertThat(Files.readString(elsewhere)).endsWith("\n" + folder.resolve("a.nii") + ",x,,\n");
  }

  private List<String> problems(String text) {
    return catchThrowableOfType(ManifestException.class, () -> read(text)).problems();
  }

  private Manifest read(String text) throws IOException {
    Path file = folder.resolve("m.csv");
    Files.writeString(file, text);
    return Manifest.read(file);
  }
}
