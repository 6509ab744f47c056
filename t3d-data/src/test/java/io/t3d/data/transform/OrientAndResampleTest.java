package io.t3d.data.transform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Spacing;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.VolumeReaders;
import io.t3d.data.io.internal.format.NiftiWriter;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class OrientAndResampleTest {
  /** LPS and oblique, as scanners write it; (D, H, W) = (9, 14, 11). */
  private static final Volume SCAN =
      random(9, 14, 11, Affine.of(-0.7, 0.02, 0, 60, 0.02, -0.8, 0.1, 70, 0, 0.1, 2.2, -30));

  @TempDir Path dir;

  private static Volume random(int d, int h, int w, Affine affine) {
    SplittableRandom random = new SplittableRandom(11);
    float[] voxels = new float[d * h * w];
    for (int i = 0; i < voxels.length; i++) {
      voxels[i] = (float) random.nextDouble(-1000, 1000);
    }
    return new Volume(voxels, d, h, w, affine);
  }

  private static void assertSame(Volume got, Volume want) {
    assertThat(got.voxels()).isEqualTo(want.voxels());
    assertThat(got.affine()).isEqualTo(want.affine());
    assertThat(got.depth()).isEqualTo(want.depth());
    assertThat(got.height()).isEqualTo(want.height());
  }

  @ParameterizedTest
  @CsvSource({
    "RAS, 1.1, LINEAR",
    "RAS, 3.7, LINEAR",
    "LPS, 0.5, LINEAR",
    "LPI, 4.9, LINEAR_ANTIALIASED",
    "RAI, 2.3, NEAREST",
    "PSR, 1.3, LINEAR",
    "SLA, 2.9, LINEAR_ANTIALIASED"
  })
  void theResultIsThatOfTheSingleSteps(String codes, double mm, Interpolation interpolation)
      throws IOException {
    IntensityWindow window = IntensityWindow.lung();
    OrientAndResample fused =
        new OrientAndResample(
            Optional.of(codes),
            Optional.of(Spacing.isotropic(mm)),
            interpolation,
            Optional.of(window));
    Transform steps =
        new Reorient(codes).then(new Resample(Spacing.isotropic(mm), interpolation)).then(window);
    assertSame(fused.apply(SCAN), steps.apply(SCAN));

    Path file = dir.resolve("scan.nii.gz");
    NiftiWriter.write(file, SCAN);
    assertSame(fused.read(file), steps.apply(VolumeReaders.read(file)));
  }

  @Test
  void stepsThatAreNullAreLeftOut() {
    assertThat(kept(Optional.empty(), Optional.empty()).apply(SCAN)).isSameAs(SCAN);
    assertThat(kept(Optional.of("lps"), Optional.empty()).apply(SCAN)).isSameAs(SCAN);
    assertSame(
        kept(Optional.of("RAS"), Optional.empty()).apply(SCAN), new Reorient("RAS").apply(SCAN));
    Spacing spacing = new Spacing(1, 2, 3);
    assertSame(
        kept(Optional.empty(), Optional.of(spacing)).apply(SCAN),
        new Resample(spacing).apply(SCAN));
  }

  private static OrientAndResample kept(Optional<String> orientation, Optional<Spacing> spacing) {
    return new OrientAndResample(orientation, spacing, Interpolation.LINEAR, Optional.empty());
  }

  @Test
  void theInputIsLeftAsItIs() {
    float[] before = SCAN.voxels().clone();
    new OrientAndResample(
            Optional.of("RAS"),
            Optional.of(Spacing.isotropic(1)),
            Interpolation.LINEAR,
            Optional.of(IntensityWindow.lung()))
        .apply(SCAN);
    assertThat(SCAN.voxels()).isEqualTo(before);
  }

  @Test
  void wrongCodesAreRefused() {
    assertThatThrownBy(() -> new OrientAndResample("RAX", Spacing.isotropic(1)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("one of R/L, one of A/P and one of S/I");
  }
}
