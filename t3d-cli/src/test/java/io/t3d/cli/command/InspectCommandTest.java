package io.t3d.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.internal.format.NiftiWriter;
import java.awt.image.BufferedImage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import javax.imageio.ImageIO;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The picture that {@code ./t3d inspect} draws. */
class InspectCommandTest {
  private static final Affine GEOMETRY = Affine.scaleTranslate(1, 1, 1, -8, -8, -8);

  @TempDir Path dir;
  private Path scan;
  private Path picture;

  @BeforeEach
  void writeAScan() throws IOException {
    float[] voxels = new float[16 * 16 * 16];
    for (int i = 0; i < voxels.length; i++) {
      voxels[i] = i % 16 < 8 ? -1000 : 40;
    }
    scan = write("scan.nii.gz", voxels, GEOMETRY);
    picture = dir.resolve("scan.png");
  }

  @Test
  void theMontageShowsTheWindowedSlicesWithTheMaskInColour() throws IOException {
    float[] voxels = new float[16 * 16 * 16];
    Arrays.fill(voxels, 1);
    CommandRun run = inspect("--window", "soft-tissue", "--mask", mask(voxels, GEOMETRY));

    assertThat(run.exitCode()).as(run.err()).isZero();
    BufferedImage image = ImageIO.read(picture.toFile());
    assertThat(image.getWidth()).isEqualTo(3 * 300 + 8);
    // Level 40 is mid-grey; the patient's right, the larger x, is at the left of the axial slice.
    int bright = image.getRGB(75, 110);
    int dark = image.getRGB(225, 110);
    assertThat(bright & 0xff).isGreaterThan(dark & 0xff);
    assertThat(dark >> 16 & 0xff).as("plain above").isEqualTo(dark & 0xff);
    int below = image.getRGB(225, 304 + 110);
    assertThat(below >> 16 & 0xff).as("red overlay").isGreaterThan(below & 0xff);
  }

  @Test
  void severalSlicesAreSeveralRows() throws IOException {
    assertThat(inspect("--slices", 3).exitCode()).isZero();
    assertThat(ImageIO.read(picture.toFile()).getHeight()).isEqualTo(3 * (300 + 4) + 20 + 4);
  }

  @Test
  void aMaskThatLiesElsewhereIsRefused() throws IOException {
    Affine shifted = Affine.scaleTranslate(1, 1, 1, 20, -8, -8);
    CommandRun run = inspect("--mask", mask(new float[16 * 16 * 16], shifted));

    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err()).contains("mask.nii.gz must lie on its volume's voxels, but is shifted");
    assertThat(picture).doesNotExist();
  }

  @Test
  void anUnknownWindowIsNamedWithTheOneThatWasMeant() {
    CommandRun run = inspect("--window", "lnug");

    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err()).contains("got \"lnug\"; did you mean lung?");
  }

  @Test
  void optionsOfAPictureNeedItsFile() {
    CommandRun run = CommandRun.of("inspect", scan, "--window", "40,400");

    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err()).contains("name its file with --montage");
  }

  @Test
  void allVolumesOfAFolderBecomeATableThatIsGoneOnWith() throws IOException {
    Path table = dir.resolve("table.csv");
    Files.writeString(dir.resolve("bad.nii.gz"), "no scan");
    CommandRun run = CommandRun.of("inspect", "--all", dir, "--table", table, "--threads", 1);

    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(run.out())
        .isEqualTo("2 volumes in " + table + ": 1 ok, 0 with a warning, 1 with an error\n");
    assertThat(Files.readAllLines(table))
        .hasSize(3)
        .contains(scan.toRealPath() + ",NIfTI,16 x 16 x 16,1 x 1 x 1,RAS,-1000 to 40 HU,16,ok,");

    CommandRun again = CommandRun.of("inspect", dir, "--all", "--table", table, "--json");
    assertThat(again.exitCode()).as(again.err()).isZero();
    assertThat(new ObjectMapper().readTree(again.out()))
        .isEqualTo(
            new ObjectMapper()
                .readTree(
                    "{\"volumes\": 2, \"before\": 2, \"ok\": 1, \"warnings\": 0, \"errors\": 1}"));
  }

  @Test
  void aTableAndAPictureExcludeEachOther() {
    CommandRun run = inspect("--all");
    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err()).contains("draw one volume; leave them out with --all");

    CommandRun one = CommandRun.of("inspect", scan, "--table", "t.csv");
    assertThat(one.exitCode()).isEqualTo(1);
    assertThat(one.err()).contains("--table is where the table of --all goes; give --all too");

    CommandRun threads = CommandRun.of("inspect", "--all", dir, "--threads", 0);
    assertThat(threads.err()).contains("threads must be >= 1, got 0");
  }

  private CommandRun inspect(Object... options) {
    Object[] all = new Object[options.length + 4];
    all[0] = "inspect";
    all[1] = scan;
    all[2] = "--montage";
    all[3] = picture;
    System.arraycopy(options, 0, all, 4, options.length);
    return CommandRun.of(all);
  }

  private Path mask(float[] voxels, Affine affine) throws IOException {
    return write("mask.nii.gz", voxels, affine);
  }

  private Path write(String name, float[] voxels, Affine affine) throws IOException {
    Path file = dir.resolve(name);
    NiftiWriter.write(file, new Volume(voxels, 16, 16, 16, affine));
    return file;
  }
}
