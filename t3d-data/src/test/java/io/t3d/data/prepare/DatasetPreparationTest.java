package io.t3d.data.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.t3d.core.T3dException;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.VolumeReaders;
import io.t3d.data.io.internal.format.NiftiWriter;
import io.t3d.data.io.spi.PixelType;
import io.t3d.data.manifest.BadRow;
import io.t3d.data.manifest.Calibration;
import io.t3d.data.manifest.Manifest;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.transform.Reorient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DatasetPreparationTest {
  private static final int COUNT = 4;

  @TempDir Path dir;
  private Path raw;
  private Path manifest;
  private Path out;

  @BeforeEach
  void writeStudies() throws IOException {
    raw = dir.resolve("raw");
    manifest = Studies.write(raw, COUNT);
    out = dir.resolve("out");
  }

  @Test
  void aChangeBehindALinkToAFolderChangesTheFingerprint() throws IOException {
    Path series = Files.createDirectory(dir.resolve("series"));
    Path slice = Files.writeString(series.resolve("1.dcm"), "one");
    Path link = Files.createSymbolicLink(dir.resolve("link"), series);
    Study study = new Study(link, Optional.empty(), Calibration.none());
    String before = Fingerprints.of(study, Studies.CONFIG, Masks.OtherGrid.REFUSE);
    Files.writeString(slice, "longer");
    assertThat(Fingerprints.of(study, Studies.CONFIG, Masks.OtherGrid.REFUSE)).isNotEqualTo(before);
  }

  @Test
  void theManifestPointsAtPreparedVolumesAndKeepsTheRest() throws IOException {
    PreparationResult result = Studies.prepare(manifest, out);

    assertThat(result.written()).isEqualTo(COUNT);
    assertThat(result.skipped()).isZero();
    assertThat(result.bad()).isEmpty();
    List<ManifestRow> before = Manifest.read(manifest).rows();
    List<ManifestRow> after = Manifest.read(out.resolve("manifest.csv")).rows();
    assertThat(after).hasSize(COUNT);
    for (int i = 0; i < COUNT; i++) {
      assertThat(after.get(i))
          .usingRecursiveComparison()
          .ignoringFields("volume", "mask")
          .isEqualTo(before.get(i));
      Volume expected = Studies.STEPS.apply(VolumeReaders.read(before.get(i).volume()));
      Volume got = VolumeReaders.read(after.get(i).volume());
      assertThat(got.affine()).isEqualTo(expected.affine());
      assertThat(got.voxels()).containsExactly(expected.voxels(), within(0.5f / 16384));
    }
  }

  @Test
  void masksLieOnThePreparedVolumesVoxels() throws IOException {
    // A mask may be stored in another orientation than its volume.
    NiftiWriter.write(
        raw.resolve("m1.nii.gz"), new Reorient("SAR").apply(Studies.mask(1)), PixelType.UINT8);
    Studies.prepare(manifest, out);

    for (ManifestRow row : Manifest.read(out.resolve("manifest.csv")).rows()) {
      Volume volume = VolumeReaders.read(row.volume());
      Volume mask = VolumeReaders.read(row.mask().orElseThrow());
      assertThat(mask.affine()).isEqualTo(volume.affine());
      assertThat(mask.bounds()).isEqualTo(volume.bounds());
      Volume expected = Studies.STEPS.applyToMask(Studies.mask(row.row() - 2));
      assertThat(mask.voxels()).isEqualTo(expected.voxels()).contains(0, 1, 2);
    }
  }

  @Test
  void aSecondRunDoesNothing() throws IOException {
    Studies.prepare(manifest, out);
    Map<String, String> before = Studies.contents(out);
    Map<Path, FileTime> times = times();
    PreparationResult second = Studies.prepare(manifest, out);

    assertThat(second.written()).isZero();
    assertThat(second.skipped()).isEqualTo(COUNT);
    assertThat(Studies.contents(out)).isEqualTo(before);
    assertThat(times()).isEqualTo(times);
  }

  private Map<Path, FileTime> times() throws IOException {
    Map<Path, FileTime> times = new java.util.TreeMap<>();
    try (Stream<Path> files = Files.walk(out.resolve("volumes"))) {
      for (Path file : files.toList()) {
        times.put(file, Files.getLastModifiedTime(file));
      }
    }
    return times;
  }

  @Test
  void filesDoNotDependOnThreadsOrFolder() throws IOException {
    Path other = dir.resolve("other");
    Studies.prepare(manifest, out, Studies.CONFIG, 1);
    Studies.prepare(manifest, other, Studies.CONFIG, 3);
    assertThat(Studies.contents(other)).isEqualTo(Studies.contents(out));
  }

  @Test
  void whatAnInterruptedRunLeftIsRemovedAndTheRestDone() throws IOException {
    Studies.prepare(manifest, out);
    Map<String, String> whole = Studies.contents(out);
    Path volume = Manifest.read(out.resolve("manifest.csv")).rows().get(2).volume();
    // As if killed while it wrote the third volume, before any manifest.
    Path half = out.resolve(".tmp/volumes").resolve(volume.getFileName());
    Files.createDirectories(half.getParent());
    Files.move(volume, half);
    Files.delete(half.resolve(".zarray"));
    Files.delete(out.resolve("manifest.csv"));
    PreparationResult result = Studies.prepare(manifest, out);

    assertThat(result.written()).isEqualTo(1);
    assertThat(result.skipped()).isEqualTo(COUNT - 1);
    assertThat(Studies.contents(out)).isEqualTo(whole);
    assertThat(out.resolve(".tmp")).doesNotExist();
  }

  @Test
  void aKilledProcessLeavesWholeVolumesOnlyAndTheNextRunGoesOn() throws Exception {
    Path many = Studies.write(dir.resolve("many"), 120);
    Process process =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-cp",
                System.getProperty("java.class.path"),
                EndlessPreparation.class.getName(),
                many.toString(),
                out.toString())
            .inheritIO()
            .start();
    Path volumes = out.resolve("volumes");
    while (process.isAlive() && count(volumes) < 3) {
      Thread.sleep(5);
    }
    process.destroyForcibly().waitFor();
    int left = count(volumes);
    assertThat(left).isBetween(3, 119);
    assertThat(out.resolve("manifest.csv")).doesNotExist();
    try (Stream<Path> found = Files.list(volumes)) {
      for (Path volume : found.toList()) {
        assertThat(VolumeReaders.read(volume).depth()).isEqualTo(8);
      }
    }

    PreparationResult result = Studies.prepare(many, out);
    assertThat(result.skipped()).isBetween(left - 2, left);
    assertThat(result.written() + result.skipped()).isEqualTo(120);
    Path uninterrupted = dir.resolve("uninterrupted");
    Studies.prepare(many, uninterrupted);
    assertThat(Studies.contents(out)).isEqualTo(Studies.contents(uninterrupted));
  }

  private static int count(Path folder) throws IOException {
    if (!Files.exists(folder)) {
      return 0;
    }
    try (Stream<Path> found = Files.list(folder)) {
      return (int) found.count();
    }
  }

  /** The child process that is killed: prepares with one thread. */
  static final class EndlessPreparation {
    public static void main(String[] args) throws IOException {
      Studies.prepare(Path.of(args[0]), Path.of(args[1]), Studies.CONFIG, 1);
    }
  }

  @Test
  void badStudiesGoToQuarantineAndTheOthersArePrepared() throws IOException {
    Path damaged = raw.resolve("v1.nii.gz");
    byte[] whole = Files.readAllBytes(damaged);
    Files.write(damaged, Arrays.copyOf(whole, whole.length / 2));
    Volume flat = Studies.volume(2);
    NiftiWriter.write(
        raw.resolve("v2.nii.gz"),
        flat.withVoxels(new float[flat.voxels().length]),
        PixelType.INT16);
    NiftiWriter.write(raw.resolve("m3.nii.gz"), Studies.STEPS.applyToMask(Studies.mask(3)));
    PreparationResult result = Studies.prepare(manifest, out);

    assertThat(result.written()).isEqualTo(1);
    assertThat(result.bad()).extracting(b -> b.row().row()).containsExactly(3, 4, 5);
    List<String> lines = Files.readAllLines(out.resolve("quarantine.csv"));
    assertThat(lines.get(0)).isEqualTo("row,file,reason");
    assertThat(lines.get(1)).startsWith("3," + damaged + ",");
    assertThat(lines.get(2))
        .isEqualTo(
            "4,"
                + raw.resolve("v2.nii.gz")
                + ",\"all voxels are 0.0; the scan is empty, export it again\"");
    assertThat(lines.get(3))
        .startsWith("5," + raw.resolve("v3.nii.gz") + ",\"mask " + raw.resolve("m3.nii.gz"))
        .contains("must lie on its volume's voxels, but has the size (D, H, W) = (8, 12, 12)");
    assertThat(lines).hasSize(4).noneMatch(line -> line.contains("DOE"));
    assertThat(Manifest.read(out.resolve("manifest.csv")).rows())
        .extracting(ManifestRow::report)
        .containsExactly("Report 0");

    Studies.write(raw, COUNT);
    PreparationResult repaired = Studies.prepare(manifest, out);
    assertThat(repaired.bad()).isEmpty();
    assertThat(out.resolve("quarantine.csv")).doesNotExist();
    assertThat(Manifest.read(out.resolve("manifest.csv")).rows()).hasSize(COUNT);
  }

  @Test
  void aMaskThatIsShiftedIsBad() throws IOException {
    Volume mask = Studies.mask(0);
    Volume shifted =
        new Volume(
            mask.voxels(),
            mask.depth(),
            mask.height(),
            mask.width(),
            io.t3d.core.volume.Affine.scaleTranslate(-1.5, 1.5, 2.5, 12, -20, 30));
    NiftiWriter.write(raw.resolve("m0.nii.gz"), shifted, PixelType.UINT8);
    assertThat(Studies.prepare(manifest, out).bad())
        .singleElement()
        .extracting(BadRow::reason)
        .isEqualTo(
            "mask "
                + raw.resolve("m0.nii.gz")
                + " must lie on its volume's voxels, but is shifted against them by more than half"
                + " a voxel (a corner by 1.33); write it on the volume's grid, or ask for resampling"
                + " (--resample-masks)");
    PreparationResult resampled =
        new DatasetPreparation(Studies.CONFIG, out, 1, Masks.OtherGrid.RESAMPLE)
            .run(Manifest.read(manifest).rows(), done -> {});
    assertThat(resampled.bad()).isEmpty();
  }

  @Test
  void damagedVolumesAndChangedSourcesArePreparedAnew() throws IOException {
    Studies.prepare(manifest, out);
    Map<String, String> whole = Studies.contents(out);
    List<ManifestRow> rows = Manifest.read(out.resolve("manifest.csv")).rows();
    Files.delete(rows.get(0).volume().resolve("0.0.0"));
    Files.delete(rows.get(1).mask().orElseThrow().resolve(".zattrs"));
    assertThat(Studies.prepare(manifest, out).written()).isEqualTo(2);
    assertThat(Studies.contents(out)).isEqualTo(whole);

    Files.setLastModifiedTime(raw.resolve("v3.nii.gz"), FileTime.fromMillis(1_000_000));
    assertThat(Studies.prepare(manifest, out).written()).isEqualTo(1);
  }

  @Test
  void rowsThatShareAVolumeShareThePreparedOne() throws IOException {
    Files.writeString(manifest, "volume,report\nv0.nii.gz,One\nv0.nii.gz,Two\nv1.nii.gz,Three\n");
    assertThat(Studies.prepare(manifest, out).written()).isEqualTo(2);
    List<ManifestRow> rows = Manifest.read(out.resolve("manifest.csv")).rows();
    assertThat(rows.get(0).volume()).isEqualTo(rows.get(1).volume());
    assertThat(rows.get(0).patient())
        .isEqualTo(rows.get(1).patient())
        .isNotEqualTo(rows.get(2).patient());
    assertThat(Files.readString(out.resolve("manifest.csv"))).doesNotContain(raw.toString());
  }

  @Test
  void noNameOrAttributeTellsOfPatientOrSource() throws IOException {
    Path telling = dir.resolve("DOE^JANE-1970");
    Studies.prepare(Studies.write(telling, 1), out);
    try (Stream<Path> files = Files.walk(out)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        String relative = out.relativize(file).toString();
        assertThat(relative).doesNotContain("DOE", "v0");
        if (!relative.equals("manifest.csv")) {
          assertThat(new String(Files.readAllBytes(file), java.nio.charset.StandardCharsets.UTF_8))
              .doesNotContain("DOE", "nii", telling.getFileName().toString());
        }
      }
    }
  }

  @Test
  void otherSettingsInTheSameFolderAreRefused() throws IOException {
    Studies.prepare(manifest, out);
    assertThatThrownBy(() -> Studies.prepare(manifest, out, PreparationConfig.of(Studies.STEPS), 1))
        .isInstanceOf(T3dException.class)
        .hasMessage(
            out
                + " holds volumes prepared with other settings (chunk: Size3[depth=4, height=5,"
                + " width=6], not Size3[depth=32, height=64, width=64]); choose another --out, or"
                + " remove it to prepare anew");
  }

  @Test
  void aFolderThatIsBeingWrittenIsRefused() throws IOException {
    try (PreparedFolder held = PreparedFolder.open(out, Studies.CONFIG)) {
      assertThat(held.manifest()).isEqualTo(out.resolve("manifest.csv"));
      assertThatThrownBy(() -> Studies.prepare(manifest, out))
          .isInstanceOf(T3dException.class)
          .hasMessage(
              out
                  + " is being written by another run of t3d; wait for it to end, or choose another"
                  + " output folder");
    }
  }
}
