package io.t3d.data.prepare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.t3d.core.T3dException;
import io.t3d.core.config.Configs;
import io.t3d.core.config.Size3;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Spacing;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.internal.format.NiftiWriter;
import io.t3d.data.prepare.Preprocessing.NonFinite;
import io.t3d.data.transform.IntensityWindow;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PreprocessingTest {
  @Test
  void aStepThatIsLeftOutMustBeWrittenAsNull() {
    String yaml = "orientation: RAS\nspacing: null\nsize: null\nnonFinite: FAIL\n";
    assertThatThrownBy(() -> Configs.fromYaml(yaml, Preprocessing.class))
        .hasMessageContaining("misses the required key(s) [window] of Preprocessing");
    assertThat(Configs.fromYaml(yaml + "window: null\n", Preprocessing.class).window()).isEmpty();
  }

  @Test
  void aVolumeComesOutInTheGivenGeometryAndWindow() {
    float[] voxels = new float[10 * 10 * 10];
    Arrays.fill(voxels, 500);
    Volume lps = new Volume(voxels, 10, 10, 10, Affine.scaleTranslate(-1, -1, 4, 50, 60, 70));
    Preprocessing steps =
        new Preprocessing(
            "RAS",
            Spacing.isotropic(2),
            IntensityWindow.chest(),
            new Size3(24, 3, 4),
            NonFinite.FAIL);
    Volume v = steps.apply(lps);
    assertThat(v.orientation()).isEqualTo("RAS");
    assertThat(v.spacing()).isEqualTo(Spacing.isotropic(2));
    assertThat(new Size3(v.depth(), v.height(), v.width())).isEqualTo(new Size3(24, 3, 4));
    // 20 slices after resampling, padded by 2 at each end.
    assertThat(v.get(12, 1, 2)).isCloseTo(0.75f, within(1e-6f));
    assertThat(v.get(1, 1, 2)).isZero();
    assertThat(voxels).containsOnly(500);
  }

  @Test
  void aFileIsPreparedWhileItIsReadWithTheSameResult(@TempDir Path dir) throws IOException {
    float[] voxels = new float[6 * 5 * 4];
    for (int i = 0; i < voxels.length; i++) {
      voxels[i] = 37 * (i % 29) - 500;
    }
    Volume scan = new Volume(voxels, 6, 5, 4, Affine.scaleTranslate(-1.5, -1.5, 4, 5, 6, 7));
    Path file = dir.resolve("scan.nii.gz");
    for (NonFinite nonFinite : NonFinite.values()) {
      NiftiWriter.write(file, scan);
      Preprocessing steps =
          new Preprocessing(
              "RAS", Spacing.isotropic(1), IntensityWindow.chest(), new Size3(30, 4, 9), nonFinite);
      assertThat(steps.read(file).voxels()).isEqualTo(steps.apply(scan).voxels());
      assertThat(steps.read(file).affine()).isEqualTo(steps.apply(scan).affine());
    }
    voxels[77] = Float.NaN;
    NiftiWriter.write(file, scan);
    Preprocessing replace =
        Preprocessing.none().withOrientation("RAS").withNonFinite(NonFinite.REPLACE_BY_MINIMUM);
    assertThat(replace.read(file).voxels()).isEqualTo(replace.apply(scan).voxels());
    assertThatThrownBy(() -> Preprocessing.none().read(file))
        .hasMessageContaining("got 1 of 120 that are NaN or infinite");
  }

  @Test
  void withoutStepsAVolumeIsLeftAsItIs() {
    Volume volume = new Volume(new float[] {1, 2}, 1, 1, 2, Affine.identity());
    assertThat(Preprocessing.none().apply(volume)).isSameAs(volume);
  }

  @Test
  void paddingWithoutAWindowTakesTheSmallestValue() {
    Volume volume = new Volume(new float[] {-7, 2}, 1, 1, 2, Affine.identity());
    Preprocessing pad = Preprocessing.none().withSize(new Size3(1, 1, 4));
    assertThat(pad.apply(volume).voxels()).containsExactly(-7, -7, 2, -7);
  }

  @Test
  void nonFiniteVoxelsFailOrBecomeTheMinimum() {
    float[] voxels = {5, Float.NaN, -3, Float.POSITIVE_INFINITY};
    Volume volume = new Volume(voxels, 1, 2, 2, Affine.identity());
    assertThatThrownBy(() -> Preprocessing.none().apply(volume))
        .isInstanceOf(T3dException.class)
        .hasMessageContaining("got 2 of 4 that are NaN or infinite")
        .hasMessageContaining("REPLACE_BY_MINIMUM");
    Preprocessing replace = Preprocessing.none().withNonFinite(NonFinite.REPLACE_BY_MINIMUM);
    assertThat(replace.apply(volume).voxels()).containsExactly(5, -3, -3, -3);
    Volume none = new Volume(new float[] {Float.NaN}, 1, 1, 1, Affine.identity());
    assertThatThrownBy(() -> replace.apply(none)).hasMessageContaining("got 1 of 1");
  }

  @Test
  void aWrongOrientationIsAnErrorAtOnce() {
    assertThatThrownBy(() -> Preprocessing.none().withOrientation("RAX"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("RAX");
  }

  @Test
  void jsonKeepsAllSettings() {
    for (Preprocessing p :
        new Preprocessing[] {
          Preprocessing.chestCt(), Preprocessing.windowOnly(), Preprocessing.none()
        }) {
      assertThat(Configs.fromJson(Configs.toJson(p), Preprocessing.class)).isEqualTo(p);
    }
  }
}
