package io.t3d.data.view;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.ndarray.BaseNDManager;
import ai.djl.ndarray.NDManager;
import io.t3d.core.config.Size3;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.View;
import io.t3d.core.volume.ViewBatch;
import io.t3d.core.volume.Volume;
import io.t3d.data.TestDevice;
import io.t3d.data.transform.IntensityWindow;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DeviceSamplerTest {
  private static final Affine OBLIQUE =
      Affine.of(-0.7, 0.1, 0.05, 30, 0.08, 0.9, -0.1, -20, 0.02, 0.1, 2.5, 7);

  private final NDManager manager = TestDevice.manager();

  @AfterEach
  void close() {
    manager.close();
  }

  private static Volume volume(long seed, int d, int h, int w, double from, double to) {
    SplittableRandom random = new SplittableRandom(seed);
    float[] voxels = new float[d * h * w];
    for (int i = 0; i < voxels.length; i++) {
      voxels[i] = (float) random.nextDouble(from, to);
    }
    return new Volume(voxels, d, h, w, OBLIQUE);
  }

  /** Views smaller and larger than their boxes, with flips, jitter and noise. */
  @ParameterizedTest
  @CsvSource({"12, 16, 20, false", "40, 44, 48, false", "12, 30, 60, true"})
  void viewsAreThoseOfTheSamplerOnTheCpu(int d, int h, int w, boolean jitter) {
    ViewConfig config =
        ViewConfig.global(new Size3(d, h, w))
            .withLocalViews(2, Size3.cube(8), new ScaleRange(0.2, 0.5))
            .withAugmentation(
                jitter ? Augmentation.mild().withFlips(true, true, true) : Augmentation.none());
    MultiViewSampler sampler = new MultiViewSampler(config);
    List<Volume> volumes = List.of(volume(1, 20, 30, 40, 0, 1), volume(2, 33, 21, 27, 0, 1));
    ViewBatch views = new DeviceSampler(sampler).sample(manager, volumes, List.of(7L, 8L));
    assertThat(views.slots()).hasSize(config.views());
    assertThat(((BaseNDManager) manager).getManagedArrays()).hasSize(config.views());
    assertAlike(views, volumes, sampler, 1e-4);
  }

  private static void assertAlike(
      ViewBatch views, List<Volume> volumes, MultiViewSampler sampler, double tolerance) {
    for (int b = 0; b < volumes.size(); b++) {
      List<View> expected = sampler.sample(volumes.get(b), 7L + b);
      for (int v = 0; v < expected.size(); v++) {
        ViewBatch.Slot slot = views.slots().get(v);
        assertThat(slot.kind()).isEqualTo(expected.get(v).kind());
        assertThat(slot.affines().get(b)).isEqualTo(expected.get(v).crop().affine());
        assertThat(slot.voxels().get(b).toFloatArray())
            .as("view %d of volume %d", v, b)
            .containsExactly(expected.get(v).crop().voxels(), within((float) tolerance));
      }
    }
  }

  @Test
  void wholeNumbersOf16BitsLoseNothing() {
    MultiViewSampler sampler = new MultiViewSampler(ViewConfig.global(Size3.cube(16)));
    Volume hu = volume(3, 20, 30, 40, -1500, 3000);
    for (int i = 0; i < hu.voxels().length; i++) {
      hu.voxels()[i] = Math.round(hu.voxels()[i]);
    }
    hu.voxels()[0] = 1e6f; // metal, beyond what 16 bits hold
    IntensityWindow window = IntensityWindow.chest();
    ViewBatch views =
        new DeviceSampler(sampler).ofHu(window).sample(manager, List.of(hu), List.of(7L));
    assertAlike(views, List.of(window.apply(hu)), sampler, 1e-5);
  }

  @Test
  void otherValuesAreOffByHalfAUnitAtMost() {
    MultiViewSampler sampler = new MultiViewSampler(ViewConfig.global(Size3.cube(16)));
    Volume hu = volume(4, 20, 30, 40, -1500, 3000);
    IntensityWindow window = IntensityWindow.chest();
    ViewBatch views =
        new DeviceSampler(sampler).ofHu(window).sample(manager, List.of(hu), List.of(7L));
    assertAlike(views, List.of(window.apply(hu)), sampler, 0.5 / window.width() + 1e-6);
  }

  @Test
  void aSeedForEachVolumeIsWanted() {
    DeviceSampler sampler =
        new DeviceSampler(new MultiViewSampler(ViewConfig.global(Size3.cube(8))));
    assertThatThrownBy(
            () -> sampler.sample(manager, List.of(volume(1, 9, 9, 9, 0, 1)), List.of(1L, 2L)))
        .hasMessage("volumes must be at least one and as many as seeds, got 1 and 2");
    assertThatThrownBy(() -> sampler.sample(manager, List.of(), List.of()))
        .hasMessage("volumes must be at least one and as many as seeds, got 0 and 0");
  }
}
