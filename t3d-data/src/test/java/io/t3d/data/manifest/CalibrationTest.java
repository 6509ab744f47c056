package io.t3d.data.manifest;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.t3d.core.T3dException;
import io.t3d.core.train.PairBatch;
import io.t3d.core.train.PairSource;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Spacing;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.internal.format.NiftiWriter;
import io.t3d.data.load.VolumeReportDataset;
import io.t3d.data.prepare.PreparedVolumes;
import io.t3d.data.prepare.Preprocessing;
import io.t3d.data.view.MultiViewSampler;
import io.t3d.data.view.ViewConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CalibrationTest {
  private static final Calibration RAW =
      new Calibration(2, -1024, Optional.of(new Spacing(5, 3, 2)));

  @TempDir Path dir;

  @Test
  void valuesAndSpacingChangeButDirectionsAndTheFirstVoxelStay() {
    // LPS, oblique in the plane, 1 mm.
    Affine affine = Affine.of(-0.8, 0.6, 0, 10, -0.6, -0.8, 0, 20, 0, 0, 1, 30);
    Volume raw = new Volume(new float[] {0, 100, 512, 1024}, 1, 2, 2, affine);
    Volume hu = RAW.apply(raw);
    assertThat(hu.voxels()).containsExactly(-1024, -824, 0, 1024);
    assertThat(raw.voxels()).containsExactly(0, 100, 512, 1024);
    assertThat(hu.affine().matrix())
        .containsExactly(
            new double[] {-1.6, 1.8, 0, 10, -1.2, -2.4, 0, 20, 0, 0, 5, 30}, within(1e-12));
    assertThat(hu.spacing()).isEqualTo(new Spacing(5, 3, 2));
    assertThat(Calibration.none().apply(raw).voxels()).isSameAs(raw.voxels());
  }

  @Test
  void aDataSetsViewsAreOfCalibratedVolumes() throws IOException {
    float[] raw = new float[16 * 16 * 16];
    for (int i = 0; i < raw.length; i++) {
      raw[i] = i % 16 < 8 ? 0 : 1024; // x < 8: air at -1024 HU; x >= 8: 1024 HU
    }
    Path file = dir.resolve("raw.nii.gz");
    NiftiWriter.write(file, new Volume(raw, 16, 16, 16, Affine.of(Spacing.isotropic(1))));
    ManifestRow row = row(file, RAW);
    assertThat(row.readInfo().affine().spacing()).isEqualTo(new Spacing(5, 3, 2));
    VolumeReportDataset data =
        VolumeReportDataset.builder()
            .rows(List.of(row))
            .preprocessing(Preprocessing.none().withOrientation("RAS"))
            .sampler(new MultiViewSampler(ViewConfig.global96()))
            .batchSize(1)
            .forEvaluation()
            .build();
    try (PairSource.Batches batches = data.epoch(0, 0)) {
      PairBatch batch = batches.next();
      float[] voxels = batch.views().get(0).get(0).crop().voxels();
      assertThat(voxels[0]).isEqualTo(-1024);
      assertThat(voxels[voxels.length - 1]).isEqualTo(1024);
    }
  }

  @Test
  void rowsOfOneVolumeMustAgree() {
    Path file = Path.of("a.nii");
    List<ManifestRow> rows = List.of(row(file, Calibration.none()), row(file, RAW));
    assertThatThrownBy(() -> new PreparedVolumes(Preprocessing.none(), rows))
        .isInstanceOf(T3dException.class)
        .hasMessage(
            "row 2 (a.nii) has another slope, intercept or spacing than an earlier row of this"
                + " volume");
  }

  private static ManifestRow row(Path file, Calibration calibration) {
    return new ManifestRow(
        2,
        file,
        "Report",
        Split.TRAIN,
        "p",
        Map.of(),
        Optional.empty(),
        calibration,
        Origin.unknown());
  }
}
