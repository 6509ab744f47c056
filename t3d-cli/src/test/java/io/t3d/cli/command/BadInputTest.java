package io.t3d.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Spacing;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.internal.format.NiftiWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Every mistake a user can make ends with exit code 1, one clear message, and no output folder. */
class BadInputTest {
  @TempDir Path dir;
  private Path out;

  @BeforeEach
  void nameTheOutput() {
    out = dir.resolve("out");
  }

  @Test
  void aMissingManifestIsNamed() {
    fails(pretrain(dir.resolve("none.csv")), "none.csv");
  }

  @Test
  void anUnknownColumnIsNamedWithTheOneThatWasMeant() throws IOException {
    volume("a.nii.gz");
    fails(pretrain(manifest("volume,raport", "a.nii.gz,text")), "raport", "report");
  }

  @Test
  void anEmptyManifestIsAnError() throws IOException {
    fails(pretrain(manifest("volume,report")), "manifest.csv");
  }

  @Test
  void aBlankReportIsNamedByItsRow() throws IOException {
    volume("a.nii.gz");
    fails(pretrain(manifest("volume,report", "a.nii.gz,  ")), "row 2", "report");
  }

  @Test
  void aMissingVolumeIsNamed() throws IOException {
    fails(pretrain(manifest("volume,report", "gone.nii.gz,text")), "row 2", "gone.nii.gz");
  }

  @Test
  void aTwoDimensionalVolumeIsAnError() throws IOException {
    byte[] nifti = Files.readAllBytes(volume("a.nii"));
    nifti[40] = 2; // dim[0], little endian
    Files.write(dir.resolve("flat.nii"), nifti);
    CommandRun run = CommandRun.of("inspect", dir.resolve("flat.nii"));
    fails(run, "flat.nii", "2-D");
  }

  @Test
  void aFourDimensionalVolumeIsAnError() throws IOException {
    byte[] nifti = Files.readAllBytes(volume("a.nii"));
    nifti[40] = 4;
    nifti[48] = 3; // dim[4]
    Files.write(dir.resolve("film.nii"), Arrays.copyOf(nifti, nifti.length * 3));
    fails(CommandRun.of("inspect", dir.resolve("film.nii")), "film.nii", "4-D");
  }

  @Test
  void aWrongConfigKeyIsNamed() throws IOException {
    volume("a.nii.gz");
    Path config = dir.resolve("c.yaml");
    Files.writeString(config, "preset: tiny\ntrainin:\n  epochs: 3\n");
    Path manifest = manifest("volume,report", "a.nii.gz,text");
    fails(
        CommandRun.of("pretrain", "--manifest", manifest, "--out", out, "--config", config),
        "trainin",
        "training");
  }

  @Test
  void aCheckpointThatIsNoneIsAnError() throws IOException {
    volume("a.nii.gz");
    Path manifest = manifest("volume,report", "a.nii.gz,text");
    fails(
        CommandRun.of("evaluate", "--checkpoint", dir.resolve("no"), "--manifest", manifest),
        "No checkpoint at");
  }

  @Test
  void aCorruptVolumeStopsTheRunBeforeTrainingUnlessItMayBeSkipped() throws IOException {
    String[] rows =
        IntStream.range(0, 17)
            .mapToObj(i -> "v" + i + ".nii.gz,Report " + i)
            .toArray(String[]::new);
    for (int i = 0; i < rows.length; i++) {
      volume("v" + i + ".nii.gz");
    }
    byte[] whole = Files.readAllBytes(dir.resolve("v3.nii.gz"));
    Files.write(dir.resolve("v3.nii.gz"), Arrays.copyOf(whole, whole.length / 2));
    Path manifest = manifest("volume,report", rows);

    fails(pretrain(manifest), "1 of 17 volumes cannot be used", "v3.nii.gz", "--skip-bad");

    Path config = dir.resolve("short.yaml");
    Files.writeString(config, "preset: tiny\ntraining:\n  epochs: 1\n");
    CommandRun run =
        CommandRun.of(
            "pretrain", "--manifest", manifest, "--out", out, "--config", config, "--skip-bad");
    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(run.err()).contains("skipped 1 of 17 volumes", "v3.nii.gz");
    assertThat(out.resolve("checkpoint/model.safetensors")).exists();
  }

  @Test
  void anOutputFolderThatIsAFileIsAnError() throws IOException {
    for (int i = 0; i < 16; i++) {
      volume("v" + i + ".nii.gz");
    }
    Path manifest =
        manifest(
            "volume,report",
            IntStream.range(0, 16)
                .mapToObj(i -> "v" + i + ".nii.gz,Report " + i)
                .toArray(String[]::new));
    Files.writeString(out, "precious");
    CommandRun run = pretrain(manifest);

    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err()).contains("error: ").contains(out.toString());
    assertThat(out).hasContent("precious");
  }

  @Test
  void aWrongOptionShowsTheUsage() {
    CommandRun run = CommandRun.of("pretrain", "--manifst", "x");
    assertThat(run.exitCode()).isEqualTo(2);
    assertThat(run.err()).contains("--manifest");
  }

  private void fails(CommandRun run, String... parts) {
    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err()).startsWith("error: ").contains(parts).doesNotContain("looks like a bug");
    assertThat(out).doesNotExist();
  }

  private CommandRun pretrain(Path manifest) {
    return CommandRun.of("pretrain", "--manifest", manifest, "--out", out);
  }

  private Path manifest(String header, String... rows) throws IOException {
    Path file = dir.resolve("manifest.csv");
    Files.writeString(file, header + "\n" + String.join("\n", rows) + "\n");
    return file;
  }

  private Path volume(String name) throws IOException {
    float[] voxels = new float[12 * 12 * 12];
    for (int i = 0; i < voxels.length; i++) {
      voxels[i] = (name.hashCode() * 31L + i * 17L) % 1000;
    }
    Path file = dir.resolve(name);
    NiftiWriter.write(file, new Volume(voxels, 12, 12, 12, Affine.of(Spacing.isotropic(8))));
    return file;
  }
}
