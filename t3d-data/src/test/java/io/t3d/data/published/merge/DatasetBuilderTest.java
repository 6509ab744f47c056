package io.t3d.data.published.merge;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.t3d.core.volume.Volume;
import io.t3d.data.manifest.Manifest;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.manifest.Split;
import io.t3d.data.manifest.Splits;
import io.t3d.data.published.BuildSettings;
import io.t3d.data.published.BuildSettings.IdenticalReports;
import io.t3d.data.published.BuildSettings.Reconstructions;
import io.t3d.data.published.DatasetLayout;
import io.t3d.data.published.LayoutException;
import io.t3d.data.published.MiniSets;
import io.t3d.data.published.merge.DatasetStatistics.Count;
import io.t3d.data.published.merge.DatasetStatistics.Distribution;
import io.t3d.data.published.merge.DatasetStatistics.Prevalence;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DatasetBuilderTest {
  private static final BuildSettings DEFAULTS = BuildSettings.defaults();

  @TempDir Path dir;

  @Test
  void fourSetsBecomeOneManifestAndOneForTransfer() throws IOException {
    MergedDataset merged = all(DEFAULTS).build(2);
    Path out = dir.resolve("out");
    assertThat(merged.write(out))
        .containsExactly(out.resolve("transfer.csv"), out.resolve("manifest.csv"));

    Manifest pairs = Manifest.read(out.resolve("manifest.csv"));
    assertThat(pairs.rows()).isEqualTo(merged.pairs()).hasSize(4 + 11 + 3);
    Splits.verifyDisjoint(pairs.rows());
    assertThat(pairs.rows()).noneMatch(r -> r.split() == Split.UNASSIGNED);
    assertThat(pairs.rows().get(0).origin().source()).isEqualTo("ct-rate");
    assertThat(pairs.rows().get(0).origin().id()).isEqualTo("train_1_a_1.nii.gz");
    assertThat(pairs.rows().get(0).patient()).isEqualTo("ct-rate/train_1");

    Manifest transfer = Manifest.read(out.resolve("transfer.csv"));
    assertThat(transfer.hasReports()).isFalse();
    assertThat(transfer.labelNames()).containsExactly("nodule", "pleural effusion");
    assertThat(transfer.rows()).isEqualTo(merged.transfer()).hasSize(3);
    assertThat(transfer.rows().get(0).readVolume().orientation()).isEqualTo("LPI");
  }

  @Test
  void calibratedVolumesAreTheHuThatWereScanned() throws IOException {
    ManifestRow row = all(DEFAULTS).build(2).pairs().get(0);
    Volume read = row.readVolume();
    Volume scanned = MiniSets.phantom(1);
    assertThat(read.voxels()).containsExactly(scanned.voxels());
    assertThat(read.spacing().z()).isEqualTo(1.5);
    assertThat(read.spacing().y()).isEqualTo(0.75);
    assertThat(read.spacing().x()).isEqualTo(0.8);
  }

  @Test
  void theSameSetsAndSeedGiveTheSameBytes() throws IOException {
    Path out = dir.resolve("out");
    all(DEFAULTS).build(2).write(out);
    Map<String, String> first = contents(out);
    all(DEFAULTS).build(1).write(out);
    assertThat(contents(out)).isEqualTo(first).hasSize(3);
    assertThat(drawn(7)).isNotEqualTo(drawn(8)).isEqualTo(drawn(7));
  }

  private List<Split> drawn(long seed) throws IOException {
    if (!Files.exists(dir.resolve("bimcv"))) {
      MiniSets.bimcvR(dir.resolve("bimcv"));
    }
    BuildSettings settings =
        new BuildSettings(seed, 0.2, 0.3, Reconstructions.ALL, IdenticalReports.KEEP, false);
    DatasetBuilder builder = new DatasetBuilder(settings);
    return builder.add(DatasetLayout.bimcvR(), dir.resolve("bimcv")).build(2).pairs().stream()
        .map(ManifestRow::split)
        .toList();
  }

  @Test
  void statisticsCountWhatIsThereAndNameNobody() throws IOException {
    MergedDataset merged = all(DEFAULTS).build(2);
    DatasetStatistics.Source ctRate = merged.statistics().sources().get("ct-rate");
    assertThat(ctRate.splits())
        .containsExactly(
            Map.entry("train", new Count(3, 2, 2)),
            Map.entry("validation", new Count(1, 1, 1)),
            Map.entry("all", new Count(4, 3, 3)));
    assertThat(ctRate.labels())
        .containsExactly(
            Map.entry("Medical material", new Prevalence(3, 0, 0)),
            Map.entry("Lung nodule", new Prevalence(4, 2, 0.5)));
    assertThat(ctRate.reportWords()).contains(new Distribution(3, 3, 4, 6, 6));
    assertThat(ctRate.spacingMm().get("x")).isEqualTo(new Distribution(0.8, 0.8, 0.8, 0.8, 0.8));
    assertThat(ctRate.size().get("z").min()).isGreaterThan(10);
    DatasetStatistics.Source inspect = merged.statistics().sources().get("inspect");
    assertThat(inspect.reportsOfSeveralScans()).isEqualTo(1);
    assertThat(inspect.dropped()).isEqualTo(Map.of("a row that repeats another word for word", 1));
    assertThat(merged.statistics().sources().get("rad-chestct").reportWords()).isEmpty();
    assertThat(merged.statistics().sources().get("bimcv-r").splits().get("all"))
        .isEqualTo(new Count(11, 11, 10));

    merged.write(dir.resolve("out"));
    assertThat(dir.resolve("out/statistics.json"))
        .content()
        .doesNotContain("train_1", "S0", "900", "trn0", "Nodule, 6 mm", dir.toString());
  }

  @Test
  void oneReconstructionPerScanIsKeptOnRequest() throws IOException {
    MergedDataset merged =
        ctRate(new BuildSettings(1, 0, 0, Reconstructions.FIRST, IdenticalReports.KEEP, false));
    assertThat(merged.pairs())
        .extracting(r -> r.origin().id())
        .containsExactly("train_1_a_1.nii.gz", "train_2_a_1.nii.gz", "valid_1_a_1.nii.gz");
    assertThat(merged.statistics().sources().get("ct-rate").dropped())
        .isEqualTo(Map.of(LeftOut.RECONSTRUCTION, 1));
  }

  @Test
  void ofIdenticalFilesTheOneForEvaluationIsKept() throws IOException {
    MiniSets.ctRate(dir.resolve("ct"));
    Files.copy(
        MiniSets.ctRateVolume(dir.resolve("ct"), "valid", "valid_1_a_1"),
        MiniSets.ctRateVolume(dir.resolve("ct"), "train", "train_2_a_1"),
        java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    MergedDataset merged = ctRate(DEFAULTS);
    assertThat(merged.pairs())
        .extracting(r -> r.origin().id())
        .containsExactly("train_1_a_1.nii.gz", "train_1_a_2.nii.gz", "valid_1_a_1.nii.gz");
    assertThat(merged.statistics().sources().get("ct-rate").dropped())
        .isEqualTo(Map.of(LeftOut.SAME_FILE, 1));
  }

  @Test
  void pairsOfOtherScansWithTheSameReportGoOnlyOnRequest() throws IOException {
    MiniSets.inspect(dir.resolve("inspect"));
    DatasetBuilder builder =
        new DatasetBuilder(
            new BuildSettings(1, 0, 0, Reconstructions.ALL, IdenticalReports.DROP, false));
    MergedDataset merged = builder.add(DatasetLayout.inspect(), dir.resolve("inspect")).build(1);
    assertThat(merged.pairs())
        .extracting(r -> r.origin().id())
        .containsExactly("PE00.nii.gz", "PE02.nii.gz");
    assertThat(merged.statistics().sources().get("inspect").dropped())
        .containsEntry(LeftOut.SAME_REPORT, 1);
  }

  @Test
  void aPatientOfTwoPublishedSplitsStaysInTheStricter() throws IOException {
    MiniSets.inspect(dir.resolve("inspect"));
    MiniSets.text(
        dir.resolve("inspect/full/study_mapping_20250611.tsv"),
        "impression_id\timage_id\tperson_id",
        "70\tPE00\t9002",
        "71\tPE01\t9001",
        "72\tPE02\t9002");
    DatasetBuilder builder = new DatasetBuilder(DEFAULTS);
    MergedDataset merged = builder.add(DatasetLayout.inspect(), dir.resolve("inspect")).build(1);
    assertThat(merged.pairs())
        .extracting(r -> r.origin().id())
        .containsExactly("PE01.nii.gz", "PE02.nii.gz");
    assertThat(merged.statistics().sources().get("inspect").dropped())
        .containsEntry(LeftOut.OTHER_SPLIT, 1);
  }

  @Test
  void allProblemsOfAllSetsAreReportedTogether() throws IOException {
    MiniSets.ctRate(dir.resolve("ct"));
    Path broken = MiniSets.ctRateVolume(dir.resolve("ct"), "train", "train_1_a_1");
    Files.write(broken, new byte[] {1, 2, 3});
    MiniSets.text(
        dir.resolve("ct/dataset/multi_abnormality_labels/valid_predicted_labels.csv"),
        "VolumeName,Lung nodule",
        "valid_1_a_1.nii.gz,yes");
    Path empty = Files.createDirectory(dir.resolve("empty"));
    DatasetBuilder builder =
        new DatasetBuilder(DEFAULTS)
            .add(DatasetLayout.ctRate(), dir.resolve("ct"))
            .add(DatasetLayout.bimcvR(), empty);
    LayoutException e = catchThrowableOfType(LayoutException.class, () -> builder.build(2));
    assertThat(e.problems()).hasSize(3);
    assertThat(e.problems().get(0))
        .startsWith("bimcv-r: no curated_ct_report_path_En.csv in " + empty);
    assertThat(e.problems().get(1))
        .isEqualTo(
            "ct-rate: valid_predicted_labels.csv row 2: column \"Lung nodule\" must be 0, 1, true,"
                + " false, censored or empty, got \"yes\"");
    assertThat(e.problems().get(2)).startsWith("ct-rate: " + broken);
    assertThat(e)
        .hasMessageStartingWith(
            "the data sets have 3 problems; repair them, or leave rows out with --skip-bad");

    BuildSettings skip =
        new BuildSettings(1, 0, 0, Reconstructions.ALL, IdenticalReports.KEEP, true);
    MergedDataset merged =
        new DatasetBuilder(skip).add(DatasetLayout.ctRate(), dir.resolve("ct")).build(2);
    assertThat(merged.pairs()).hasSize(3);
    assertThat(merged.statistics().sources().get("ct-rate").dropped())
        .isEqualTo(Map.of(LeftOut.BAD, 1, LeftOut.UNREADABLE, 1));
  }

  @Test
  void aSetWithoutAnyVolumeIsAnError() throws IOException {
    MiniSets.ctRate(dir.resolve("ct"));
    try (Stream<Path> files = Files.walk(dir.resolve("ct"))) {
      for (Path file : files.filter(f -> f.toString().endsWith(".nii.gz")).toList()) {
        Files.delete(file);
      }
    }
    assertThatThrownBy(() -> ctRate(DEFAULTS))
        .hasMessage(
            "the data sets have 1 problem:\n  ct-rate: no usable volume; left out were {"
                + "the volume's file is not here (a part of the set was downloaded)"
                + "=4}");
  }

  @Test
  void tooFewPatientsForADrawnSplitIsAnError() throws IOException {
    String name = "sub-S1_ses-E1_ct.nii.gz";
    MiniSets.write(dir.resolve("bimcv/CT1/ct").resolve(name), MiniSets.phantom(1));
    MiniSets.text(
        dir.resolve("bimcv/curated_ct_report_path_En.csv"), "path,Report_en", name + ",x");
    DatasetBuilder builder =
        new DatasetBuilder(DEFAULTS).add(DatasetLayout.bimcvR(), dir.resolve("bimcv"));
    assertThatThrownBy(() -> builder.build(1))
        .isInstanceOf(LayoutException.class)
        .hasMessageContaining("bimcv-r: Too few patients for the split: got 1");
  }

  private MergedDataset ctRate(BuildSettings settings) throws IOException {
    if (!Files.exists(dir.resolve("ct"))) {
      MiniSets.ctRate(dir.resolve("ct"));
    }
    return new DatasetBuilder(settings).add(DatasetLayout.ctRate(), dir.resolve("ct")).build(2);
  }

  private DatasetBuilder all(BuildSettings settings) throws IOException {
    if (!Files.exists(dir.resolve("ct"))) {
      MiniSets.ctRate(dir.resolve("ct"));
      MiniSets.bimcvR(dir.resolve("bimcv"));
      MiniSets.inspect(dir.resolve("inspect"));
      MiniSets.radChestCt(dir.resolve("rad"));
    }
    return new DatasetBuilder(settings)
        .add(DatasetLayout.ctRate(), dir.resolve("ct"))
        .add(DatasetLayout.bimcvR(), dir.resolve("bimcv"))
        .add(DatasetLayout.inspect(), dir.resolve("inspect"))
        .add(DatasetLayout.radChestCt(), dir.resolve("rad"));
  }

  private static Map<String, String> contents(Path folder) throws IOException {
    Map<String, String> contents = new HashMap<>();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path file : files.toList()) {
        contents.put(file.getFileName().toString(), Files.readString(file));
      }
    }
    return contents;
  }
}
