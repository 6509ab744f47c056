package io.t3d.examples.benchmark;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import io.t3d.core.config.Size3;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.model.T3DModel;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Volume;
import io.t3d.data.view.MultiViewSampler;
import io.t3d.data.view.ViewConfig;
import java.util.List;
import org.junit.jupiter.api.Test;

class OverlaysTest {
  @Test
  void sentencesShareTheAttentionOfEachToken() {
    float[][] byWord = {{0.1f, 0.2f, 0.3f, 0.3f, 0.1f}, {0.2f, 0.1f, 0.1f, 0.5f, 0.1f}};
    float[][] shares = Overlays.shares(byWord, new int[] {2, 1});
    assertThat(shares[0]).containsExactly(new float[] {0.5f, 0.2f}, within(1e-6f));
    assertThat(shares[1]).containsExactly(new float[] {0.3f, 0.5f}, within(1e-6f));
    assertThat(Overlays.widest(shares)).isZero();
    // A report that is longer than the encoder reads: what was cut off gets nothing.
    assertThat(Overlays.shares(byWord, new int[] {2, 4, 3})[2]).containsOnly(0f);
  }

  @Test
  void attentionAndLikenessLieInTheirRanges() {
    String report = "No pleural effusion. Small nodule in the right upper lobe.";
    assertThat(Overlays.sentences(report))
        .containsExactly("No pleural effusion.", "Small nodule in the right upper lobe.");
    Size3 size = Size3.cube(64);
    float[] voxels = new float[64 * 64 * 64];
    for (int i = 0; i < voxels.length; i++) {
      voxels[i] = i % 64 / 64f;
    }
    Volume volume = new Volume(voxels, 64, 64, 64, Affine.scaleTranslate(1, 1, 1, 0, 0, 0));
    try (T3DModel model = T3DModel.create(T3DConfig.tiny(), Device.cpu(), 1)) {
      int all = model.tokenizer().tokens(report).size() - 2;
      int parts =
          Overlays.sentences(report).stream()
              .mapToInt(s -> model.tokenizer().tokens(s).size() - 2)
              .sum();
      assertThat(parts).isEqualTo(all); // so that shares know which tokens are whose
      Overlays overlays =
          Overlays.of(model, new MultiViewSampler(ViewConfig.global(size)).center(volume), report);
      assertThat(overlays.sentence()).isIn(Overlays.sentences(report));
      for (Overlays.Heat heat : List.of(overlays.attention(), overlays.likeness())) {
        assertThat(heat.low()).isLessThan(heat.high());
        assertThat(heat.scaled().voxels()).contains(0f).contains(1f);
      }
      assertThat(overlays.attention().low()).isPositive();
      assertThat(overlays.attention().high()).isLessThan(1);
      assertThat(overlays.likeness().low()).isGreaterThanOrEqualTo(-1);
    }
  }
}
