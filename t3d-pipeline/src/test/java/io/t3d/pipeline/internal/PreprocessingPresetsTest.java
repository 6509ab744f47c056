package io.t3d.pipeline.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.t3d.core.T3dException;
import io.t3d.core.config.Configs;
import io.t3d.core.config.Size3;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Spacing;
import io.t3d.core.volume.Volume;
import io.t3d.data.prepare.PreparationConfig;
import io.t3d.data.prepare.Preprocessing;
import io.t3d.data.transform.IntensityWindow;
import org.junit.jupiter.api.Test;

class PreprocessingPresetsTest {
  @Test
  void ctClipHasItsPublishedGridRangeAndSize() {
    Preprocessing p = PreprocessingPresets.named("ct-clip");
    assertThat(p.spacing()).contains(new Spacing(1.5, 0.75, 0.75));
    assertThat(p.window()).contains(new IntensityWindow(0, 2000));
    assertThat(p.size()).contains(new Size3(240, 480, 480));
    assertThat(p.orientation()).contains("RAS");
  }

  @Test
  void ctClipsStepsAgreeWithAHandComputedExample() {
    // One row of four voxels of 1.5 mm, 1000 HU apart, becomes eight of 0.75 mm at -0.25, 0.25, …
    // source voxels: -1000 (edge), -750, -250, 250, 750, 1250, 1750, 2000 (edge) HU.
    Volume row =
        new Volume(
            new float[] {-1000, 0, 1000, 2000}, 1, 1, 4, Affine.of(new Spacing(1.5, 0.75, 1.5)));
    Preprocessing p = PreprocessingPresets.named("ct-clip");
    // The preset but for its size, which is 221 MB.
    Preprocessing small = p.withSize(new Size3(1, 3, 10));
    float[] v = small.apply(row).voxels();
    assertThat(v).hasSize(30);
    float[] expected = {0, 0, 0.125f, 0.375f, 0.625f, 0.875f, 1, 1, 1, 0};
    for (int x = 0; x < 10; x++) {
      assertThat(v[x]).isZero();
      assertThat(v[10 + x]).isCloseTo(expected[x], within(1e-6f));
      assertThat(v[20 + x]).isZero();
    }
  }

  @Test
  void t3dIsCtClipsGridOnWholeScans() {
    Preprocessing t3d = PreprocessingPresets.named("t3d");
    Preprocessing clip = PreprocessingPresets.named("ct-clip");
    assertThat(t3d.spacing()).isEqualTo(clip.spacing());
    assertThat(t3d.window()).isEqualTo(clip.window());
    assertThat(t3d.size()).isEmpty();
  }

  @Test
  void everyPresetSurvivesJson() {
    for (String name : PreprocessingPresets.names()) {
      Preprocessing p = PreprocessingPresets.named(name);
      assertThat(Configs.fromJson(Configs.toJson(p), Preprocessing.class)).isEqualTo(p);
      PreparationConfig config = PreparationConfig.of(p);
      assertThat(Configs.fromJson(Configs.toJson(config), PreparationConfig.class))
          .isEqualTo(config);
    }
  }

  @Test
  void aMisspeltPresetIsNamedWithTheOneThatWasMeant() {
    assertThatThrownBy(() -> PreprocessingPresets.named("ctclip"))
        .isInstanceOf(T3dException.class)
        .hasMessage(
            "Unknown preset \"ctclip\"; known are chest-ct, ct-clip, ct-clip-published, t3d, window-only; did you mean"
                + " \"ct-clip\"?");
  }
}
