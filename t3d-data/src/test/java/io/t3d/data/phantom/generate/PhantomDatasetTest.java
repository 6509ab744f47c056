package io.t3d.data.phantom.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.core.volume.Volume;
import io.t3d.data.io.VolumeReaders;
import io.t3d.data.manifest.Manifest;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.manifest.Split;
import io.t3d.data.phantom.Finding;
import io.t3d.data.phantom.FindingKind;
import io.t3d.data.phantom.PhantomConfig;
import io.t3d.data.phantom.SplitCounts;
import java.io.IOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PhantomDatasetTest {
  private static final PhantomConfig COARSE =
      new PhantomConfig(
          9, 10, 30, 20, List.of("RAS", "LPS"), PhantomConfig.standard().prevalence());

  @TempDir Path folder;

  @Test
  void theManifestNamesFilesThatHoldTheStudies() throws IOException {
    Path file = PhantomDataset.write(folder.resolve("data"), 12, 5, COARSE, 2);
    Manifest manifest = Manifest.read(file);
    assertThat(manifest.rows()).hasSize(12);
    for (ManifestRow row : manifest.rows()) {
      Volume volume = VolumeReaders.read(row.volume());
      Volume mask = VolumeReaders.read(row.mask().orElseThrow());
      assertThat(mask.bounds()).isEqualTo(volume.bounds());
      assertThat(volume.orientation()).isIn("RAS", "LPS");
      assertThat(VolumeReaders.info(row.volume()).pixelType()).isEqualTo("int16");
      assertThat(VolumeReaders.info(row.mask().orElseThrow()).pixelType()).isEqualTo("uint8");
      assertThat(PhantomLabels.extract(row.report())).isEqualTo(row.labels());
    }
  }

  @Test
  void patientsStayInOneSplitAndTheSplitsHaveTheirShares() throws IOException {
    Path file = PhantomDataset.write(folder.resolve("data"), 60, 1, COARSE, 2);
    Map<String, Split> splits = new HashMap<>();
    Map<Split, Integer> counts = new HashMap<>();
    for (ManifestRow row : Manifest.read(file).rows()) {
      Split before = splits.putIfAbsent(row.patient(), row.split());
      assertThat(before == null || before == row.split()).as(row.patient()).isTrue();
      counts.merge(row.split(), 1, Integer::sum);
    }
    assertThat(splits).as("some patients have two studies").hasSizeLessThan(60);
    assertThat(counts.get(Split.TRAIN)).isBetween(37, 41);
    assertThat(counts.get(Split.TEST)).isBetween(13, 17);
    assertThat(counts.get(Split.VALIDATION)).isBetween(4, 8);
  }

  @Test
  void splitsGetAsManyStudiesAsAskedAndPatientsStayInOne() throws IOException {
    SplitCounts counts = new SplitCounts(23, 7, 40);
    Path file = PhantomDataset.write(folder.resolve("data"), counts, 4, COARSE, 2);
    Map<String, Split> splits = new HashMap<>();
    List<ManifestRow> rows = Manifest.read(file).rows();
    for (ManifestRow row : rows) {
      Split before = splits.putIfAbsent(row.patient(), row.split());
      assertThat(before == null || before == row.split()).as(row.patient()).isTrue();
    }
    assertThat(splits).as("some patients have two studies").hasSizeLessThan(70);
    for (Split split : List.of(Split.TRAIN, Split.VALIDATION, Split.TEST)) {
      assertThat(rows.stream().filter(r -> r.split() == split)).hasSize(counts.of(split));
    }
  }

  @Test
  void theRecordOfLesionsAgreesWithLabelsAndReports() throws IOException {
    Path file = PhantomDataset.write(folder.resolve("data"), 20, 9, COARSE, 2);
    Map<String, List<Finding>> findings = PhantomDataset.findings(folder.resolve("data"));
    int lesions = 0;
    for (ManifestRow row : Manifest.read(file).rows()) {
      List<Finding> found = findings.getOrDefault(row.volume().getFileName().toString(), List.of());
      lesions += found.size();
      for (FindingKind kind : FindingKind.values()) {
        assertThat(found.stream().anyMatch(f -> f.kind() == kind))
            .as("%s of %s", kind, row)
            .isEqualTo(row.labels().get(kind.label()));
      }
      found.stream()
          .filter(f -> f.kind() == FindingKind.PNEUMOTHORAX)
          .forEach(
              f ->
                  assertThat(PhantomLabels.sides(row.report()).get(f.kind().label()))
                      .containsExactly(f.side()));
    }
    assertThat(lesions).isPositive();
    Files.delete(folder.resolve("data/findings.csv"));
    assertThatThrownBy(() -> PhantomDataset.findings(folder.resolve("data")))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("write them anew");
  }

  @Test
  void theNumberOfThreadsDoesNotChangeAByte() throws IOException {
    PhantomDataset.write(folder.resolve("one"), 6, 3, COARSE, 1);
    PhantomDataset.write(folder.resolve("three"), 6, 3, COARSE, 3);
    List<Path> files = files(folder.resolve("one"));
    assertThat(files).hasSize(15); // six volumes and masks, manifest, prompts, findings
    for (Path file : files) {
      Path twin = folder.resolve("three").resolve(folder.resolve("one").relativize(file));
      assertThat(twin).hasSameBinaryContentAs(file);
    }
  }

  @Test
  void aFolderThatHoldsSomethingIsLeftAlone() throws IOException {
    Path used = Files.createDirectory(folder.resolve("used"));
    Files.writeString(used.resolve("notes.txt"), "mine");
    assertThatThrownBy(() -> PhantomDataset.write(used, 2, 1, COARSE, 1))
        .isInstanceOf(FileAlreadyExistsException.class)
        .hasMessageContaining("choose another");
    assertThat(files(folder)).containsExactly(used.resolve("notes.txt"));
  }

  @Test
  void aFailureLeavesNothingBehind() {
    PhantomConfig broken =
        new PhantomConfig(20, 20, 0, 0, List.of("RAS"), Map.of(FindingKind.NODULE, 1.0));
    Path target = folder.resolve("file-in-the-way");
    assertThatThrownBy(() -> PhantomDataset.write(target, 0, 1, broken, 1))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("studies must be > 0, got 0");
    assertThat(folder).isEmptyDirectory();
  }

  private static List<Path> files(Path dir) throws IOException {
    try (Stream<Path> paths = Files.walk(dir)) {
      return paths.filter(Files::isRegularFile).sorted().toList();
    }
  }
}
