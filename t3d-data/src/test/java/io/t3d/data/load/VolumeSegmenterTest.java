package io.t3d.data.load;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.core.T3dException;
import io.t3d.core.config.DecoderConfig;
import io.t3d.core.config.Size3;
import io.t3d.core.config.Vit3dConfig;
import io.t3d.core.task.segment.SegmentationCase;
import io.t3d.core.task.segment.SegmentationClass;
import io.t3d.core.task.segment.Segmenter;
import io.t3d.core.task.segment.SegmenterConfig;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Spacing;
import io.t3d.core.volume.Volume;
import io.t3d.data.TestDevice;
import io.t3d.data.io.VolumeReaders;
import io.t3d.data.io.internal.format.NiftiWriter;
import io.t3d.data.io.spi.PixelType;
import io.t3d.data.load.internal.MaskedVolumes;
import io.t3d.data.manifest.Calibration;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.manifest.Origin;
import io.t3d.data.manifest.Split;
import io.t3d.data.prepare.Preprocessing;
import io.t3d.data.transform.IntensityWindow;
import io.t3d.data.transform.Reorient;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VolumeSegmenterTest {
  private static final Preprocessing COARSE =
      new Preprocessing(
          "RAS",
          Spacing.isotropic(2),
          IntensityWindow.chest(),
          Size3.cube(8),
          Preprocessing.NonFinite.FAIL);

  @TempDir Path dir;

  private static Volume noise(int d, int h, int w, Affine affine) {
    SplittableRandom random = new SplittableRandom(1);
    float[] voxels = new float[d * h * w];
    for (int i = 0; i < voxels.length; i++) {
      voxels[i] = random.nextInt(-1000, 1000);
    }
    return new Volume(voxels, d, h, w, affine);
  }

  private static Segmenter untrained() {
    SegmenterConfig config =
        new SegmenterConfig(
            Vit3dConfig.builder()
                .patch(Size3.cube(4))
                .hiddenSize(12)
                .layers(1)
                .heads(2)
                .mlpSize(12)
                .dropout(0)
                .build(),
            new DecoderConfig(4, 8),
            List.of(SegmentationClass.of("lung", 5), SegmentationClass.of("heart", 7)),
            Size3.cube(12),
            0.5,
            0.125);
    return Segmenter.create(config, TestDevice.get(), 1);
  }

  private ManifestRow row(Volume volume, Volume mask, Calibration calibration) throws IOException {
    NiftiWriter.write(dir.resolve("v.nii.gz"), volume, PixelType.INT16);
    if (mask != null) {
      NiftiWriter.write(dir.resolve("m.nii.gz"), mask, PixelType.UINT8);
    }
    return new ManifestRow(
        2,
        dir.resolve("v.nii.gz"),
        "",
        Split.TRAIN,
        "p",
        Map.of(),
        mask == null ? Optional.empty() : Optional.of(dir.resolve("m.nii.gz")),
        calibration,
        Origin.unknown());
  }

  @Test
  void theMaskFileHasTheGeometryOfTheFile() throws IOException {
    // Axes permuted, flipped and turned; spacing 0.9, 3, 1.1.
    Affine affine = Affine.of(0, 0, -1.1, 40, -0.9, 0.2, 0, 30, 0.1, 3, 0, -20);
    Volume volume = noise(13, 9, 15, affine);
    Calibration wrongHeader = new Calibration(1, 0, Optional.of(new Spacing(1.2, 3, 1)));
    try (Segmenter segmenter = untrained()) {
      VolumeSegmenter volumes = new VolumeSegmenter(segmenter, COARSE);
      for (Calibration calibration : List.of(Calibration.none(), wrongHeader)) {
        Volume found =
            volumes.segment(row(volume, null, calibration), dir.resolve("out/mask.nii.gz"));
        Volume input = VolumeReaders.read(dir.resolve("v.nii.gz"));
        Volume output = VolumeReaders.read(dir.resolve("out/mask.nii.gz"));
        assertThat(output.affine()).isEqualTo(input.affine());
        assertThat(output.bounds()).isEqualTo(input.bounds());
        assertThat(output.voxels()).isEqualTo(found.voxels());
        assertThat(found.affine()).isEqualTo(calibration.apply(input).affine());
        for (float v : output.voxels()) {
          assertThat(v).isIn(0f, 5f, 7f);
        }
      }
    }
  }

  @Test
  void masksArePreparedLikeTheirVolumes() throws IOException {
    Volume volume = noise(12, 12, 12, Affine.scaleTranslate(-1, 1, 1, 3, 4, 5));
    float[] ones = new float[volume.voxels().length];
    ones[volume.index(6, 5, 4)] = 7;
    // The same voxels stored the other way round.
    Volume mask = new Reorient("RPI").apply(volume.withVoxels(ones));
    ManifestRow row = row(volume, mask, Calibration.none());
    MaskedVolumes masked = new MaskedVolumes(List.of(row), Preprocessing.windowOnly(), 100);
    SegmentationCase one = masked.get(0);
    assertThat(one.volume().orientation()).isEqualTo("RAS");
    assertThat(one.mask().get(6, 5, 11 - 4)).isEqualTo(7);
    assertThat(masked.get(0)).isSameAs(one);
    assertThat(MaskedVolumes.maskOf(row).get(6, 5, 4)).isEqualTo(7);
  }

  @Test
  void saysWhatIsWrongWithMasks() throws IOException {
    Volume volume = noise(6, 6, 6, Affine.identity());
    Volume other = new Volume(new float[6 * 6 * 5], 6, 6, 5, Affine.identity());
    MaskedVolumes masked =
        new MaskedVolumes(
            List.of(row(volume, other, Calibration.none())), Preprocessing.windowOnly(), 0);
    assertThatThrownBy(() -> masked.get(0))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining(
            "must lie on its volume's voxels, but has the size (D, H, W) = (6, 6, 5), its volume"
                + " (D, H, W) = (6, 6, 6)");
    assertThatThrownBy(masked::requireFit)
        .isInstanceOf(T3dException.class)
        .hasMessageStartingWith("1 of 1 masks cannot be used:");
    ManifestRow none = row(volume, null, Calibration.none());
    assertThatExceptionOfType(T3dException.class)
        .isThrownBy(() -> new MaskedVolumes(List.of(none), Preprocessing.windowOnly(), 0))
        .withMessage(
            "None of the 1 rows has a mask; segmentation needs the manifest's column \"mask\"");
  }
}
