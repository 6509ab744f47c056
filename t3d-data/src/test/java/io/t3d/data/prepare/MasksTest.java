package io.t3d.data.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.core.T3dException;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Spacing;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.internal.format.NiftiWriter;
import io.t3d.data.io.spi.PixelType;
import io.t3d.data.manifest.Calibration;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.manifest.Origin;
import io.t3d.data.manifest.Split;
import io.t3d.data.transform.Reorient;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A volume in LPI of 10 x 8 x 6 voxels of 2 x 2 x 3 mm; the mask has one voxel of 7. */
class MasksTest {
  private static final Affine PLACE = Affine.scaleTranslate(-2, 2, -3, 40, -20, 90);

  @TempDir Path dir;
  private Volume mask;

  @BeforeEach
  void writeVolume() throws IOException {
    float[] voxels = new float[6 * 8 * 10];
    for (int i = 0; i < voxels.length; i++) {
      voxels[i] = i;
    }
    Volume volume = new Volume(voxels, 6, 8, 10, PLACE);
    NiftiWriter.write(dir.resolve("v.nii"), volume);
    float[] labels = new float[voxels.length];
    labels[volume.index(4, 3, 2)] = 7;
    mask = volume.withVoxels(labels);
  }

  private ManifestRow row(Volume stored, Calibration calibration) throws IOException {
    NiftiWriter.write(dir.resolve("m.nii"), stored, PixelType.UINT8);
    return new ManifestRow(
        2,
        dir.resolve("v.nii"),
        "Report.",
        Split.TRAIN,
        "p",
        Map.of(),
        Optional.of(dir.resolve("m.nii")),
        calibration,
        Origin.unknown());
  }

  private ManifestRow row(Volume stored) throws IOException {
    return row(stored, Calibration.none());
  }

  private Volume placed(Affine affine) {
    return new Volume(mask.voxels(), mask.depth(), mask.height(), mask.width(), affine);
  }

  @Test
  void aMaskThatIsStoredTheOtherWayRoundFits() throws IOException {
    for (String codes : List.of("LAI", "RAS", "SPL", "AIR")) {
      ManifestRow row = row(new Reorient(codes).apply(mask));
      assertThat(Masks.check(List.of(row), Masks.OtherGrid.REFUSE)).isEmpty();
      Volume read = Masks.read(row, Masks.OtherGrid.REFUSE);
      assertThat(read.voxels()).isEqualTo(mask.voxels());
      assertThat(read.affine()).isEqualTo(PLACE);
    }
  }

  @Test
  void roundingOfAHeaderIsNoShift() throws IOException {
    Volume near = placed(Affine.scaleTranslate(-2.01, 2.01, -3.01, 40.3, -20.3, 90.3));
    assertThat(Masks.read(row(near), Masks.OtherGrid.REFUSE).affine()).isEqualTo(PLACE);
  }

  @Test
  void masksElsewhereAreRefusedThoughTheirSizeFits() throws IOException {
    List<Affine> elsewhere =
        List.of(
            Affine.identity(),
            Affine.scaleTranslate(-2, 2, -3, 80, -20, 90),
            Affine.scaleTranslate(-5, 5, -5, 40, -20, 90),
            Affine.scaleTranslate(2, 2, -3, 22 + 9, -20, 90));
    for (Affine affine : elsewhere) {
      ManifestRow row = row(placed(affine));
      assertThat(Masks.check(List.of(row), Masks.OtherGrid.REFUSE))
          .singleElement()
          .asString()
          .contains(
              "must lie on its volume's voxels, but is shifted against them by more than half");
      assertThatThrownBy(() -> Masks.read(row, Masks.OtherGrid.REFUSE))
          .isInstanceOf(T3dException.class)
          .hasMessageContaining("--resample-masks");
    }
  }

  @Test
  void aMaskOnAnotherGridIsResampledByTheNearestVoxelWhenAskedTo() throws IOException {
    // Twice as fine, and a margin of two fine voxels around it.
    float[] fine = new float[16 * 20 * 24];
    Volume grid =
        new Volume(fine, 16, 20, 24, Affine.scaleTranslate(-1, 1, -1.5, 42.5, -22.5, 93.75));
    for (int z = 0; z < 2; z++) {
      for (int y = 0; y < 2; y++) {
        for (int x = 0; x < 2; x++) {
          fine[grid.index(2 * 4 + 2 + z, 2 * 3 + 2 + y, 2 * 2 + 2 + x)] = 7;
        }
      }
    }
    ManifestRow row = row(grid);
    assertThat(Masks.check(List.of(row), Masks.OtherGrid.REFUSE)).hasSize(1);
    assertThat(Masks.check(List.of(row), Masks.OtherGrid.RESAMPLE)).isEmpty();
    Volume read = Masks.read(row, Masks.OtherGrid.RESAMPLE);
    assertThat(read.voxels()).isEqualTo(mask.voxels());
    assertThat(read.affine()).isEqualTo(PLACE);
  }

  @Test
  void resamplingDoesNotMakeAnEmptyMaskOfALostHeader() throws IOException {
    ManifestRow row = row(placed(Affine.identity()));
    assertThatThrownBy(() -> Masks.read(row, Masks.OtherGrid.RESAMPLE))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("none of its labelled voxels lies in its volume");
  }

  @Test
  void withACalibratedSpacingBothPlacesAreRight() throws IOException {
    Calibration calibration = new Calibration(1, 0, Optional.of(new Spacing(6, 4, 4)));
    Affine calibrated = Affine.scaleTranslate(-4, 4, -6, 40, -20, 90);
    for (Affine affine : List.of(PLACE, calibrated)) {
      Volume read = Masks.read(row(placed(affine), calibration), Masks.OtherGrid.REFUSE);
      assertThat(read.affine().matrix()).isEqualTo(calibrated.matrix());
      assertThat(read.voxels()).isEqualTo(mask.voxels());
    }
  }

  @Test
  void whatIsNoMaskIsRefused() throws IOException {
    ManifestRow row = row(mask);
    float[] half = mask.voxels().clone();
    half[0] = 0.5f;
    NiftiWriter.write(dir.resolve("m.nii"), mask.withVoxels(half));
    assertThatThrownBy(() -> Masks.read(row, Masks.OtherGrid.REFUSE))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("must hold whole numbers from -32768 to 32767, got 0.5");
  }
}
