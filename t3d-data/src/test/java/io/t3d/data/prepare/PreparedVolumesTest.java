package io.t3d.data.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.core.T3dException;
import io.t3d.core.config.Size3;
import io.t3d.core.train.PairSource;
import io.t3d.data.load.VolumeReportDataset;
import io.t3d.data.manifest.Manifest;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.transform.VolumeSource;
import io.t3d.data.view.MultiViewSampler;
import io.t3d.data.view.ScaleRange;
import io.t3d.data.view.ViewConfig;
import io.t3d.data.zarr.internal.ZarrVolume;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PreparedVolumesTest {
  private static final Preprocessing OTHER = Preprocessing.windowOnly();

  @TempDir Path dir;
  private Path manifest;
  private List<ManifestRow> rows;

  @BeforeEach
  void prepare() throws IOException {
    manifest = Studies.write(dir.resolve("raw"), 6);
    Studies.prepare(manifest, dir.resolve("out"));
    rows = Manifest.read(dir.resolve("out/manifest.csv")).rows();
  }

  @Test
  void aPreparedVolumeIsNotPreparedAgain() throws IOException {
    Path path = rows.get(0).volume();
    float[] stored = ZarrVolume.open(path).readAll().voxels();
    for (Preprocessing asked : List.of(Studies.STEPS, Preprocessing.none())) {
      VolumeSource source = new PreparedVolumes(asked).load(path);
      assertThat(source).isInstanceOf(ZarrVolume.class);
      assertThat(source.readAll().voxels()).isEqualTo(stored);
    }
  }

  @Test
  void otherSettingsAreAnErrorWithBothNamed() {
    assertThatThrownBy(() -> new PreparedVolumes(OTHER).load(rows.get(0).volume()))
        .isInstanceOf(T3dException.class)
        .hasMessage(
            rows.get(0).volume()
                + " is prepared already, with other settings than asked for (spacing:"
                + " Spacing[z=3.0, y=2.0, x=2.0], not null; size: Size3[depth=8, height=12,"
                + " width=12], not null); use the volumes as they are with preprocessing: {preset:"
                + " none}, or prepare the raw volumes anew");
  }

  @Test
  void theCheckBeforeTrainingFindsOtherSettings() {
    assertThat(VolumeReportDataset.check(rows, Studies.STEPS, 2)).isEmpty();
    assertThat(VolumeReportDataset.check(rows, Preprocessing.none(), 2)).isEmpty();
    assertThat(VolumeReportDataset.check(rows, OTHER, 2))
        .hasSize(6)
        .allMatch(b -> b.reason().contains("is prepared already, with other settings"));
  }

  @Test
  void settingsThatChangeNothingStandForThoseOfTheVolumes() throws IOException {
    assertThat(PreparedVolumes.resolve(Preprocessing.none(), rows)).isEqualTo(Studies.STEPS);
    assertThat(PreparedVolumes.resolve(Studies.STEPS, rows)).isEqualTo(Studies.STEPS);
    assertThat(PreparedVolumes.resolve(OTHER, Manifest.read(manifest).rows())).isEqualTo(OTHER);
    assertThatThrownBy(() -> PreparedVolumes.resolve(OTHER, rows))
        .hasMessageStartingWith("The manifest's data is prepared already");
  }

  @Test
  void preparedVolumesAreNotPreparedIntoAnotherFolder() {
    assertThatThrownBy(() -> Studies.prepare(dir.resolve("out/manifest.csv"), dir.resolve("twice")))
        .isInstanceOf(T3dException.class)
        .hasMessage(
            "The manifest's volumes are prepared already; give the manifest of the raw volumes");
    assertThat(dir.resolve("twice")).doesNotExist();
  }

  @Test
  void batchesFromChunksAreThoseFromMemory() {
    List<float[]> chunks = views(0);
    List<float[]> memory = views(1L << 30);
    assertThat(chunks).hasSize(2 * 6 * 4);
    assertThat(memory).hasSameSizeAs(chunks);
    for (int i = 0; i < chunks.size(); i++) {
      assertThat(memory.get(i)).isEqualTo(chunks.get(i));
    }
  }

  /** All views of two epochs. */
  private List<float[]> views(long cacheBytes) {
    VolumeReportDataset data =
        VolumeReportDataset.builder()
            .rows(rows)
            .preprocessing(Preprocessing.none())
            .sampler(
                new MultiViewSampler(
                    ViewConfig.global(Size3.cube(6))
                        .withLocalViews(2, Size3.cube(4), new ScaleRange(0.2, 0.4))))
            .batchSize(3)
            .seed(11)
            .cacheBytes(cacheBytes)
            .build();
    List<float[]> views = new ArrayList<>();
    for (int epoch = 0; epoch < 2; epoch++) {
      try (PairSource.Batches batches = data.epoch(epoch, 0)) {
        batches.forEachRemaining(
            batch -> batch.views().forEach(vs -> vs.forEach(v -> views.add(v.crop().voxels()))));
      }
    }
    return views;
  }
}
