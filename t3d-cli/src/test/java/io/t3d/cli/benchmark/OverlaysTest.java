package io.t3d.cli.benchmark;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import io.t3d.cli.picture.TokenHeat;
import io.t3d.core.config.Size3;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.model.Relevance;
import io.t3d.core.model.T3DModel;
import io.t3d.core.model.TokenGrid;
import io.t3d.core.text.Sentences;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Volume;
import io.t3d.data.view.MultiViewSampler;
import io.t3d.data.view.ViewConfig;
import java.util.List;
import org.junit.jupiter.api.Test;

class OverlaysTest {
  @Test
  void theSentenceWhoseWeightsDifferMostIsShown() {
    TokenGrid grid = new TokenGrid(1, 1, 2, List.of(Affine.identity()));
    List<Relevance> all =
        List.of(
            new Relevance("even", new float[] {0.5f, 0.5f}, 0, grid),
            new Relevance("one side", new float[] {0.9f, 0.1f}, 0, grid));
    assertThat(Overlays.widest(all)).isEqualTo(1);
  }

  @Test
  void relevanceAndLikenessLieInTheirRanges() {
    String report = "No pleural effusion. Small nodule in the right upper lobe.";
    Size3 size = Size3.cube(64);
    float[] voxels = new float[64 * 64 * 64];
    for (int i = 0; i < voxels.length; i++) {
      voxels[i] = i % 64 / 64f;
    }
    Volume volume = new Volume(voxels, 64, 64, 64, Affine.scaleTranslate(1, 1, 1, 0, 0, 0));
    try (T3DModel model = T3DModel.create(T3DConfig.tiny(), Device.cpu(), 1)) {
      Overlays overlays =
          Overlays.of(model, new MultiViewSampler(ViewConfig.global(size)).center(volume), report);
      assertThat(overlays.sentence()).isIn(Sentences.of(report));
      for (TokenHeat heat : List.of(overlays.relevance(), overlays.likeness())) {
        assertThat(heat.low()).isLessThan(heat.high());
        assertThat(heat.scaled().voxels()).contains(0f).contains(1f);
      }
      assertThat(overlays.relevance().low()).isPositive();
      assertThat(overlays.relevance().high()).isLessThan(1);
      assertThat(overlays.likeness().low()).isGreaterThanOrEqualTo(-1);
      for (float sentence : overlays.clusters().voxels()) {
        assertThat(sentence).isIn(1f, 2f);
      }
    }
  }
}
