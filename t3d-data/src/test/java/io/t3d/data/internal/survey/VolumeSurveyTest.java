package io.t3d.data.internal.survey;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.core.T3dException;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.internal.format.NiftiWriter;
import io.t3d.data.itk.DicomFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The table of a new data set. */
class VolumeSurveyTest {
  private static final String HEADER =
      "path,kind,size,spacing,orientation,range,slices,verdict,message";

  @TempDir Path dir;
  private Path data;
  private Path table;

  @BeforeEach
  void makeFolders() throws IOException {
    data = Files.createDirectory(dir.resolve("data")).toRealPath();
    table = dir.resolve("out/table.csv");
  }

  @Test
  void everyVolumeGetsARowWithAVerdict() throws IOException {
    ct("a/good.nii.gz", 10, -1000, 500);
    ct("b/raw.nii.gz", 10, 0, 4095);
    ct("c/short, very.nii.gz", 3, -1000, 500);
    ct("d/empty.nii.gz", 10, -1000, -1000);
    ct("e/nan.nii.gz", 10, -1000, Float.NaN);
    Files.writeString(data.resolve("f.nii.gz"), "no scan");
    Files.createSymbolicLink(data.resolve("g.nii.gz"), Path.of("absent"));
    ct("h/mask.nii.gz", 10, 0, 1);
    ct("i/swapped.nii.gz", 10, -32768, 500);

    VolumeSurvey.Summary found = run();

    assertThat(found).isEqualTo(new VolumeSurvey.Summary(9, 0, 1, 4, 4));
    String size = ",NIfTI,2 x 2 x 10,0.7 x 0.8 x 2.5,RAS,";
    List<String> lines = Files.readAllLines(table);
    assertThat(lines.get(0)).isEqualTo(HEADER);
    assertThat(lines.subList(1, lines.size()))
        .map(line -> line.replace(data + "/", ""))
        .contains(
            "a/good.nii.gz" + size + "-1000 to 500 HU,10,ok,",
            "b/raw.nii.gz"
                + size
                + "0 to 4095,10,warning,\"no value is as low as air (-1000 HU): a mask, or slope and"
                + " intercept are missing\"",
            "\"c/short, very.nii.gz\",NIfTI,2 x 2 x 3,0.7 x 0.8 x 2.5,RAS,-1000 to 500"
                + " HU,3,warning,\"only 3 slices: a localizer, or most slices are missing\"",
            "d/empty.nii.gz"
                + size
                + "-1000 to -1000 HU,10,error,\"all voxels are -1000.0; the scan is empty, export it"
                + " again\"",
            "e/nan.nii.gz"
                + size
                + "-1000 to -1000 HU,10,error,20 voxels are NaN or infinite; correct the file",
            "g.nii.gz,NIfTI,,,,,,error,\"it is a link that leads nowhere, to absent; get its file"
                + " (git annex get, datalad get), or remove the link\"",
            "h/mask.nii.gz"
                + size
                + "0 to 1,10,warning,\"all values lie in 0 to 1, as of a mask or a prepared volume\"",
            "i/swapped.nii.gz"
                + size
                + "-32768 to 500 HU,10,warning,\"values far below air (-1000 HU): padding, or another"
                + " byte order or type\"")
        .anyMatch(line -> line.startsWith("f.nii.gz,NIfTI,,,,,,error,"));
  }

  @Test
  @Tag("itk")
  void aSeriesIsARowAndItsFaultIsNamedWithoutTheFolder() throws IOException {
    for (int i = 0; i < 10; i++) {
      Path good = Files.createDirectories(data.resolve("good/ST0"));
      DicomFile.slice(2.5 * i, i).write(good.resolve("IM" + i));
      Path bad = Files.createDirectories(data.resolve("bad"));
      DicomFile.slice(2.5 * i, i).write(bad.resolve("IM" + i));
    }
    Files.createFile(data.resolve("bad/IM10"));
    run();
    assertThat(Files.readAllLines(table))
        .contains(
            data + "/good/ST0,DICOM CT,3 x 2 x 10,0.5 x 0.7 x 2.5,LPS,-1024 to -1010 HU,10,ok,",
            data
                + "/bad,DICOM,,,,,,error,\"IM10: it is empty (0 bytes), an unfinished copy of a"
                + " slice; copy it again\"");
  }

  @Test
  void aRunThatWasKilledGoesOnWhereItStopped() throws IOException {
    for (int i = 0; i < 6; i++) {
      ct(i + ".nii.gz", 10, -1000, i);
    }
    run();
    List<String> whole = Files.readAllLines(table);
    // Killed in the middle of the third row; what is read already is not read again.
    String text = Files.readString(table);
    int cut = text.indexOf(whole.get(3)) + 20;
    Files.writeString(table, text.substring(0, cut).replace(",ok,\n", ",ok,seen\n"));
    List<Integer> steps = new ArrayList<>();
    VolumeSurvey.Summary found =
        new VolumeSurvey(dir.resolve("out/../data"), table, 1).run((done, all) -> steps.add(done));

    assertThat(found).isEqualTo(new VolumeSurvey.Summary(6, 2, 6, 0, 0));
    assertThat(steps).containsExactly(2, 3, 4, 5, 6);
    List<String> now = Files.readAllLines(table);
    assertThat(now.subList(1, 3)).allMatch(line -> line.endsWith(",ok,seen"));
    assertThat(now.stream().map(line -> line.replace("seen", "")))
        .containsExactlyInAnyOrderElementsOf(whole);
    assertThat(run()).isEqualTo(new VolumeSurvey.Summary(6, 6, 6, 0, 0));
  }

  @Test
  void rowsAppearAsTheyAreDone() throws IOException {
    ct("0.nii.gz", 10, -1000, 0);
    ct("1.nii.gz", 10, -1000, 0);
    List<Integer> lines = new ArrayList<>();
    new VolumeSurvey(data, table, 1).run((done, all) -> lines.add(rows()));
    assertThat(lines).containsExactly(1, 2, 3);
  }

  private int rows() {
    try {
      return Files.readAllLines(table).size();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Test
  void anotherFileIsNotWrittenOver() throws IOException {
    ct("0.nii.gz", 10, -1000, 0);
    Files.createDirectories(table.getParent());
    for (String text : new String[] {"volume,report\na,b\n", "no line", HEADER + "\na,b\n"}) {
      Files.writeString(table, text);
      assertThatThrownBy(this::run)
          .isInstanceOf(T3dException.class)
          .hasMessageStartingWith(table + " is there and no table of this survey, whose columns");
      assertThat(table).hasContent(text);
    }
    Files.writeString(table, HEADER.substring(0, 12)); // killed in its first line
    assertThat(run().ok()).isEqualTo(1);
  }

  @Test
  void aFolderWithoutVolumesIsAnError() {
    assertThatThrownBy(this::run)
        .isInstanceOf(T3dException.class)
        .hasMessageStartingWith("No volume in " + data);
    assertThat(table).doesNotExist();
  }

  private VolumeSurvey.Summary run() throws IOException {
    return new VolumeSurvey(data, table, 2).run((done, all) -> {});
  }

  /** A volume of two values, half of each. */
  private void ct(String name, int depth, float low, float high) throws IOException {
    Path file = data.resolve(name);
    Files.createDirectories(file.getParent());
    float[] voxels = new float[4 * depth];
    for (int i = 0; i < voxels.length; i++) {
      voxels[i] = i % 2 == 0 ? low : high;
    }
    Affine affine = Affine.scaleTranslate(0.7, 0.8, 2.5, -10, -20, -30);
    NiftiWriter.write(file, new Volume(voxels, depth, 2, 2, affine));
  }
}
