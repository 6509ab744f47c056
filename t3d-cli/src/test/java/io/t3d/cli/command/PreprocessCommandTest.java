package io.t3d.cli.command;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.t3d.core.config.Configs;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Spacing;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.VolumeReaders;
import io.t3d.data.io.internal.format.NiftiWriter;
import io.t3d.data.prepare.PreparationConfig;
import io.t3d.data.prepare.Preprocessing;
import io.t3d.data.transform.IntensityWindow;
import io.t3d.pipeline.DataConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.SplittableRandom;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PreprocessCommandTest {
  private static final int COUNT = 16;

  @TempDir Path dir;
  private Path manifest;
  private Path out;

  @BeforeEach
  void writeScans() throws IOException {
    StringBuilder csv = new StringBuilder("volume,report,patient\n");
    for (int i = 0; i < COUNT; i++) {
      float[] voxels = new float[12 * 12 * 12];
      SplittableRandom random = new SplittableRandom(i);
      for (int v = 0; v < voxels.length; v++) {
        voxels[v] = random.nextInt(-1000, 1000);
      }
      NiftiWriter.write(
          dir.resolve("v" + i + ".nii.gz"),
          new Volume(voxels, 12, 12, 12, Affine.of(Spacing.isotropic(8))));
      csv.append("v" + i + ".nii.gz,Report " + i + ",p" + i + "\n");
    }
    manifest = dir.resolve("manifest.csv");
    Files.writeString(manifest, csv);
    out = dir.resolve("out");
  }

  @Test
  void aFirstRunPreparesAndASecondSaysThereIsNothingToDo() throws IOException {
    CommandRun first = preprocess("--preset", "window-only");
    assertThat(first.exitCode()).as(first.err()).isZero();
    assertThat(first.out())
        .startsWith("16 volumes prepared, 0 were there already (")
        .endsWith(" in all), 0 rows in quarantine, manifest " + out.resolve("manifest.csv") + "\n");

    CommandRun second = preprocess("--preset", "window-only");
    assertThat(second.exitCode()).isZero();
    assertThat(second.out()).startsWith("Nothing to do: all 16 volumes are prepared already (");
  }

  @Test
  void optionsOverrideThePreset() throws IOException {
    CommandRun run =
        preprocess(
            "--preset",
            "ct-clip",
            "--spacing",
            "4,6,8",
            "--window",
            "-500,500",
            "--size",
            "20,15,10",
            "--values",
            "float32",
            "--json");

    assertThat(run.exitCode()).as(run.err()).isZero();
    JsonNode json = new ObjectMapper().readTree(run.out());
    assertThat(json.get("written").asInt()).isEqualTo(COUNT);
    assertThat(json.get("quarantine").isNull()).isTrue();
    assertThat(json.at("/preprocessing/spacing/z").asDouble()).isEqualTo(8);
    Preprocessing used =
        Configs.load(out.resolve("preprocessing.json"), PreparationConfig.class).preprocessing();
    assertThat(used.spacing()).contains(new Spacing(8, 6, 4));
    assertThat(used.window()).contains(IntensityWindow.between(-500, 500));
    assertThat(used.orientation()).contains("RAS");
    CommandRun inspect = CommandRun.of("inspect", firstVolume(), "--json");
    JsonNode found = new ObjectMapper().readTree(inspect.out());
    assertThat(found.get("size").toString()).isEqualTo("[20,15,10]");
    assertThat(found.get("pixelType").asText()).isEqualTo("float32");
    assertThat(found.get("max").asDouble()).isEqualTo(1);
  }

  private Path firstVolume() throws IOException {
    String row = Files.readAllLines(out.resolve("manifest.csv")).get(1);
    return out.resolve(row.substring(0, row.indexOf(',')));
  }

  @Test
  void aBadScanGivesExitCodeOneUnlessItMayBeSkipped() throws IOException {
    Files.writeString(dir.resolve("v3.nii.gz"), "no scan");
    CommandRun run = preprocess("--preset", "window-only");

    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.out()).startsWith("15 volumes prepared");
    assertThat(run.err())
        .contains(
            "error: 1 of 16 rows cannot be prepared; repair them, or accept that with --skip-bad ("
                + out.resolve("quarantine.csv"))
        .contains("\n  row 5 (" + dir.resolve("v3.nii.gz") + "): ");
    assertThat(Files.readAllLines(out.resolve("manifest.csv"))).hasSize(16);

    CommandRun allowed = preprocess("--preset", "window-only", "--skip-bad");
    assertThat(allowed.exitCode()).isZero();
    assertThat(allowed.err()).contains("skipped 1 of 16 rows (");
  }

  @Test
  void mistakesAreNamedBeforeAnythingIsWritten() {
    fails(
        preprocess("--preset", "ctclip"),
        "Unknown preset \"ctclip\"; known are chest-ct, ct-clip, ct-clip-published, t3d, window-only; did you mean"
            + " \"ct-clip\"?");
    fails(
        preprocess("--spacing", "1,2"),
        "--spacing must be one number or x,y,z in mm, e.g. 0.75,0.75,1.5, or none, got 1,2");
    fails(
        preprocess("--window", "air"),
        "--window must be low,high in HU, e.g. -1000,1000, or none, got air");
    fails(
        preprocess("--size", "4,5,6.5"),
        "--size must be x,y,z in whole voxels, e.g. 480,480,240, got 4,5,6.5");
    fails(preprocess("--threads", "0"), "threads must be >= 1, got 0");
    assertThat(out).doesNotExist();
  }

  @Test
  void theManifestItReadsIsNotOverwritten() throws IOException {
    CommandRun run = CommandRun.of("preprocess", "--manifest", manifest, "--out", dir);
    fails(run, "--out " + dir + " would overwrite the manifest it reads; choose another folder");
    assertThat(Files.readString(manifest)).contains("v3.nii.gz");
  }

  @Test
  void pretrainTakesPreparedVolumesAsTheyAreAndItsModelFitsRawOnes() throws IOException {
    preprocess("--preset", "window-only", "--window", "-900,900");
    Path prepared = out.resolve("manifest.csv");
    Path config = dir.resolve("c.yaml");
    Files.writeString(
        config, "preset: tiny\ndata:\n  preprocessing: {preset: none}\ntraining:\n  epochs: 1\n");
    Path model = dir.resolve("model");
    CommandRun run =
        CommandRun.of("pretrain", "--manifest", prepared, "--out", model, "--config", config);

    assertThat(run.exitCode()).as(run.err()).isZero();
    DataConfig data = Configs.load(model.resolve("checkpoint/data.json"), DataConfig.class);
    assertThat(data.preprocessing().window()).contains(IntensityWindow.between(-900, 900));
    for (Path input : new Path[] {manifest, prepared}) {
      CommandRun embed =
          CommandRun.of(
              "embed",
              "--checkpoint",
              model,
              "--input",
              input,
              "--out",
              dir.resolve("e.safetensors"));
      assertThat(embed.exitCode()).as(embed.err()).isZero();
    }
  }

  @Test
  void pretrainRefusesAConfigThatWouldPrepareAgain() throws IOException {
    preprocess("--preset", "window-only", "--window", "-900,900");
    Path config = dir.resolve("c.yaml");
    Files.writeString(config, "preset: tiny\n");
    CommandRun run =
        CommandRun.of(
            "pretrain",
            "--manifest",
            out.resolve("manifest.csv"),
            "--out",
            dir.resolve("model"),
            "--config",
            config);

    fails(
        run,
        "The manifest's data is prepared already, with other settings than asked for (window:"
            + " IntensityWindow[level=0.0, width=1800.0], not IntensityWindow[level=-100.0,"
            + " width=1800.0]); use the volumes as they are with preprocessing: {preset: none}, or"
            + " prepare the raw volumes anew");
    assertThat(dir.resolve("model")).doesNotExist();
  }

  @Test
  void preparedValuesLieInTheWindow() throws IOException {
    preprocess("--preset", "window-only");
    float[] voxels = VolumeReaders.read(firstVolume()).voxels();
    float[] raw = VolumeReaders.read(dir.resolve("v0.nii.gz")).voxels();
    for (int i = 0; i < raw.length; i++) {
      assertThat(Math.abs(voxels[i] - (raw[i] + 1000) / 2000)).isLessThan(3.1e-5f);
    }
  }

  private CommandRun preprocess(Object... options) {
    Object[] words = new Object[5 + options.length];
    System.arraycopy(
        new Object[] {"preprocess", "--manifest", manifest, "--out", out}, 0, words, 0, 5);
    System.arraycopy(options, 0, words, 5, options.length);
    return CommandRun.of(words);
  }

  private static void fails(CommandRun run, String message) {
    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err()).isEqualTo("error: " + message + "\n");
  }
}
