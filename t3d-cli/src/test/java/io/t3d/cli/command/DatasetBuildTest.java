package io.t3d.cli.command;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.t3d.core.config.Size3;
import io.t3d.core.train.PairBatch;
import io.t3d.core.train.PairSource;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Spacing;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.internal.format.NiftiWriter;
import io.t3d.data.load.VolumeReportDataset;
import io.t3d.data.manifest.Manifest;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.manifest.Split;
import io.t3d.data.phantom.PhantomConfig;
import io.t3d.data.phantom.generate.PhantomGenerator;
import io.t3d.data.prepare.Preprocessing;
import io.t3d.data.transform.IntensityWindow;
import io.t3d.data.view.MultiViewSampler;
import io.t3d.data.view.ViewConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** From a miniature CT-RATE of its first release to a checkpoint. */
class DatasetBuildTest {
  private static final int PATIENTS = 4;
  private static final PhantomGenerator PHANTOMS =
      new PhantomGenerator(new PhantomConfig(12, 14, 20, 0, List.of("RAS"), Map.of()));

  @TempDir Path dir;
  private Path ctRate;
  private Path out;

  @BeforeEach
  void makeTheSet() throws IOException {
    ctRate = dir.resolve("ct-rate/dataset");
    out = dir.resolve("out");
    set("train", "train", PATIENTS);
    set("valid", "validation", 1);
  }

  @Test
  void theManifestHoldsPairsInHuAndPretrainTakesIt() throws IOException {
    CommandRun run = CommandRun.of("dataset", "build", "--ct-rate", ctRate, "--out", out);
    assertThat(run.exitCode()).as(run.err()).isZero();
    assertThat(run.out())
        .contains("ct-rate      train             4 volumes       4 scans       4 patients")
        .contains("written " + out.resolve("manifest.csv"));

    Manifest manifest = Manifest.read(out.resolve("manifest.csv"));
    ManifestRow validation = manifest.select(Split.VALIDATION).get(0);
    assertThat(validation.report()).isEqualTo("Line one,\nline two.\nNormal 1.");
    assertThat(validation.labels()).isEqualTo(Map.of("Lung nodule", true));
    assertThat(validation.origin().id()).isEqualTo("valid_1_a_1.nii.gz");
    checkBatch(manifest.select(Split.TRAIN));

    Path config = dir.resolve("short.yaml");
    Files.writeString(config, "preset: tiny\ntraining:\n  epochs: 1\ndata:\n  batchSize: 2\n");
    CommandRun trained =
        CommandRun.of(
            "pretrain",
            "--manifest",
            out.resolve("manifest.csv"),
            "--out",
            dir.resolve("run"),
            "--config",
            config);
    assertThat(trained.exitCode()).as(trained.err()).isZero();
    assertThat(dir.resolve("run/checkpoint/model.safetensors")).exists();
  }

  /** A view as large as the volume shows its voxels: the HU that were scanned, not those stored. */
  private static void checkBatch(List<ManifestRow> train) {
    Volume hu = phantom("train", 1);
    IntensityWindow window = IntensityWindow.between(-1000, 1000);
    VolumeReportDataset data =
        VolumeReportDataset.builder()
            .rows(train)
            .preprocessing(Preprocessing.windowOnly().withWindow(window))
            .sampler(
                new MultiViewSampler(
                    ViewConfig.global(new Size3(hu.depth(), hu.height(), hu.width()))))
            .batchSize(1)
            .forEvaluation()
            .build();
    try (PairSource.Batches batches = data.epoch(0, 0)) {
      PairBatch batch = batches.next();
      Volume crop = batch.views().get(0).get(0).crop();
      Volume expected = window.apply(hu);
      assertThat(crop.voxels()).hasSameSizeAs(expected.voxels());
      int at = hu.index(hu.depth() / 2, hu.height() / 2, hu.width() / 2);
      assertThat(crop.voxels()[at]).isCloseTo(expected.voxels()[at], within(1e-3f));
      assertThat(crop.voxels()[0]).isCloseTo(expected.voxels()[0], within(1e-3f));
      assertThat(crop.spacing().z()).isCloseTo(2.5, within(1e-6));
      assertThat(crop.spacing().x()).isCloseTo(0.75, within(1e-6));
    }
  }

  @Test
  void jsonIsTheStatisticsFileAndThePageNamesNobody() throws IOException {
    CommandRun run = CommandRun.of("dataset", "build", "--ct-rate", ctRate, "--out", out, "--json");
    assertThat(run.exitCode()).as(run.err()).isZero();
    JsonNode printed = new ObjectMapper().readTree(run.out());
    assertThat(printed)
        .isEqualTo(new ObjectMapper().readTree(out.resolve("statistics.json").toFile()));
    assertThat(printed.at("/sources/ct-rate/splits/all/patients").asInt()).isEqualTo(PATIENTS + 1);
    assertThat(printed.at("/settings/seed").asInt()).isEqualTo(42);
    assertThat(out.resolve("statistics.html"))
        .content()
        .contains(
            "voxel sizes", "volume sizes", "How this was made", "./t3d dataset build --ct-rate DIR")
        .contains("Lung nodule (5 of 5)", "<td>train</td><td class=\"number\">4</td>")
        .doesNotContain("train_1", "valid_1", dir.toString(), "Line one");
  }

  @Test
  void allProblemsAreToldAndNothingIsWritten() throws IOException {
    Path reports = ctRate.resolve("radiology_text_reports/train_reports.csv");
    Files.writeString(
        reports, Files.readString(reports).replace("Impressions_EN", "Impression_EN"));
    Files.delete(ctRate.resolve("metadata/validation_metadata.csv"));
    CommandRun run = CommandRun.of("dataset", "build", "--ct-rate", ctRate, "--out", out);
    assertThat(run.exitCode()).isEqualTo(1);
    assertThat(run.err())
        .startsWith("error: the data sets have ")
        .contains("\"Impressions_EN\" is missing", "is it \"Impression_EN\"?")
        .contains("no validation_metadata.csv in ")
        .doesNotContain("looks like a bug");
    assertThat(out).doesNotExist();
  }

  @Test
  void withoutASetTheUsageIsShown() {
    CommandRun none = CommandRun.of("dataset", "build", "--out", out);
    assertThat(none.exitCode()).isEqualTo(2);
    assertThat(none.err()).contains("--ct-rate");
    CommandRun noFolder =
        CommandRun.of("dataset", "build", "--inspect", dir.resolve("gone"), "--out", out);
    assertThat(noFolder.exitCode()).isEqualTo(1);
    assertThat(noFolder.err())
        .contains("error: --inspect must be a folder, got " + dir.resolve("gone"));
    assertThat(CommandRun.of("dataset").exitCode()).isEqualTo(2);
  }

  private void set(String folder, String tables, int patients) throws IOException {
    StringBuilder reports = new StringBuilder("VolumeName,Findings_EN,Impressions_EN\n");
    StringBuilder labels = new StringBuilder("VolumeName,Lung nodule\n");
    StringBuilder metadata =
        new StringBuilder("VolumeName,RescaleSlope,RescaleIntercept,XYSpacing,ZSpacing\n");
    for (int i = 1; i <= patients; i++) {
      String patient = folder + "_" + i;
      String name = patient + "_a_1.nii.gz";
      raw(ctRate.resolve(folder + "/" + patient + "/" + patient + "_a/" + name), folder, i);
      reports.append(name).append(",\"Line one,\nline two.\",Normal ").append(i).append(".\n");
      labels.append(name).append(",1\n");
      metadata.append(name).append(",2.0,-8192,\"[0.75, 0.75]\",2.5\n");
    }
    write("radiology_text_reports/" + tables + "_reports.csv", reports);
    write("multi_abnormality_labels/" + folder + "_predicted_labels.csv", labels);
    write("metadata/" + tables + "_metadata.csv", metadata);
  }

  /** HU = 2 · stored - 8192, under a header of 1 mm. */
  private static void raw(Path file, String folder, int i) throws IOException {
    Volume hu = phantom(folder, i);
    float[] stored = new float[hu.voxels().length];
    for (int v = 0; v < stored.length; v++) {
      stored[v] = (hu.voxels()[v] + 8192) / 2;
    }
    Files.createDirectories(file.getParent());
    NiftiWriter.write(
        file,
        new Volume(stored, hu.depth(), hu.height(), hu.width(), Affine.of(Spacing.isotropic(1))));
  }

  private static Volume phantom(String folder, int i) {
    return PHANTOMS.generate(folder.hashCode() + i).volume();
  }

  private void write(String name, CharSequence text) throws IOException {
    Path file = ctRate.resolve(name);
    Files.createDirectories(file.getParent());
    Files.writeString(file, text);
  }
}
