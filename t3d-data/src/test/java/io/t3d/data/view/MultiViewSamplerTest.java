package io.t3d.data.view;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.t3d.core.T3dException;
import io.t3d.core.config.Size3;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.View;
import io.t3d.core.volume.Volume;
import io.t3d.core.volume.VoxelBox;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MultiViewSamplerTest {
  private static final Affine OBLIQUE =
      Affine.of(-0.7, 0.1, 0.05, 30, 0.08, 0.9, -0.1, -20, 0.02, 0.1, 2.5, 7);
  private static final ViewConfig PLAIN =
      ViewConfig.global(new Size3(12, 16, 20))
          .withLocalViews(3, Size3.cube(8), new ScaleRange(0.3, 0.5))
          .withAugmentation(Augmentation.none());

  @Test
  void aBuilderOfViewsChangesWhatItIsTold() {
    assertThat(
            ViewConfig.builder()
                .globalSize(new Size3(12, 16, 20))
                .localViews(3)
                .localSize(Size3.cube(8))
                .localScale(new ScaleRange(0.3, 0.5))
                .augmentation(Augmentation.none())
                .build())
        .isEqualTo(PLAIN);
    assertThat(PLAIN.toBuilder().build()).isEqualTo(PLAIN);
  }

  @Test
  void theSameSeedGivesTheSameViews() {
    Volume volume = noise(20, 30, 40);
    MultiViewSampler sampler = new MultiViewSampler(PLAIN.withAugmentation(Augmentation.mild()));
    List<View> first = sampler.sample(volume, 7);
    List<View> second = sampler.sample(volume, 7);
    assertThat(first).hasSize(5);
    for (int v = 0; v < first.size(); v++) {
      assertThat(second.get(v).box()).isEqualTo(first.get(v).box());
      assertThat(second.get(v).crop().affine()).isEqualTo(first.get(v).crop().affine());
      assertThat(second.get(v).crop().voxels()).isEqualTo(first.get(v).crop().voxels());
    }
  }

  @Test
  void voxelsThatAreNotFiniteAreAnError() {
    Volume volume = noise(20, 30, 40);
    java.util.Arrays.fill(volume.voxels(), Float.NaN);
    MultiViewSampler sampler = new MultiViewSampler(PLAIN);
    String message =
        "Voxels must be finite, got 3840 of the 3840 of a view that are NaN or infinite; correct the"
            + " file or set Preprocessing.nonFinite to REPLACE_BY_MINIMUM";
    assertThatThrownBy(() -> sampler.sample(volume, 7))
        .isInstanceOf(T3dException.class)
        .hasMessage(message);
    assertThatThrownBy(() -> sampler.center(volume))
        .isInstanceOf(T3dException.class)
        .hasMessage(message);
  }

  @Test
  void otherSeedsAndOtherViewsDiffer() {
    MultiViewSampler sampler = new MultiViewSampler(PLAIN);
    Volume volume = noise(40, 40, 40);
    List<View> first = sampler.sample(volume, 7);
    List<View> second = sampler.sample(volume, 8);
    assertThat(first.get(0).box()).isNotEqualTo(second.get(0).box());
    assertThat(first.get(0).box()).isNotEqualTo(first.get(1).box());
  }

  @Test
  void turningNoiseOnLeavesTheBoxesAsTheyAre() {
    Volume volume = noise(20, 30, 40);
    List<View> plain = new MultiViewSampler(PLAIN).sample(volume, 3);
    List<View> noisy =
        new MultiViewSampler(PLAIN.withAugmentation(Augmentation.mild())).sample(volume, 3);
    assertThat(noisy.stream().map(View::box)).isEqualTo(plain.stream().map(View::box).toList());
  }

  @Test
  void globalViewsComeFirstAndHaveTheirSizes() {
    List<View> views = new MultiViewSampler(PLAIN).sample(noise(20, 30, 40), 1);
    assertThat(views.stream().map(View::kind))
        .containsExactly(
            View.Kind.GLOBAL, View.Kind.GLOBAL, View.Kind.LOCAL, View.Kind.LOCAL, View.Kind.LOCAL);
    Volume global = views.get(1).crop();
    assertThat(new Size3(global.depth(), global.height(), global.width()))
        .isEqualTo(new Size3(12, 16, 20));
    Volume local = views.get(4).crop();
    assertThat(new Size3(local.depth(), local.height(), local.width())).isEqualTo(Size3.cube(8));
  }

  @ParameterizedTest
  @CsvSource({"20,30,40", "1,1,1", "2,50,3"})
  void boxesLieInTheVolumeAndHaveTheirScale(int depth, int height, int width) {
    Volume volume = noise(depth, height, width);
    MultiViewSampler sampler = new MultiViewSampler(PLAIN);
    for (long seed = 0; seed < 100; seed++) {
      for (View view : sampler.sample(volume, seed)) {
        VoxelBox box = view.box();
        assertThat(box.z0()).isBetween(0, depth - box.depth());
        assertThat(box.y0()).isBetween(0, height - box.height());
        assertThat(box.x0()).isBetween(0, width - box.width());
        double low = view.kind() == View.Kind.GLOBAL ? 0.7 : 0.3;
        double high = view.kind() == View.Kind.GLOBAL ? 1.0 : 0.5;
        double half = 0.5 + 1e-9;
        assertThat((double) box.width())
            .isBetween(low * width - half, Math.max(1, high * width + half));
      }
    }
  }

  @Test
  void globalViewsShareAtLeastTheGuaranteedOverlap() {
    ViewConfig config = ViewConfig.global(Size3.cube(4)).withAugmentation(Augmentation.none());
    assertThat(config.guaranteedOverlap()).isCloseTo(0.4, within(1e-12));
    MultiViewSampler sampler = new MultiViewSampler(config);
    Volume volume = noise(100, 10, 10);
    for (long seed = 0; seed < 200; seed++) {
      List<View> views = sampler.sample(volume, seed);
      VoxelBox a = views.get(0).box();
      VoxelBox b = views.get(1).box();
      int shared = Math.min(a.z0() + a.depth(), b.z0() + b.depth()) - Math.max(a.z0(), b.z0());
      assertThat(shared).isGreaterThanOrEqualTo(40);
    }
  }

  @ParameterizedTest
  @ValueSource(booleans = {false, true})
  void aRampOfWorldCoordinatesIsFoundWhereTheAffineSays(boolean flips) {
    // Views of 12x16x20 shrink this volume along z and y and enlarge it along x.
    Volume volume = worldRamp(30, 40, 18);
    ViewConfig config = PLAIN.withAugmentation(Augmentation.none().withFlips(flips, flips, flips));
    int flipped = 0;
    for (long seed = 0; seed < 20; seed++) {
      for (View view : new MultiViewSampler(config).sample(volume, seed)) {
        assertRamp(volume, view);
        flipped += view.crop().affine().determinant() * OBLIQUE.determinant() < 0 ? 1 : 0;
      }
    }
    assertThat(flipped > 0).isEqualTo(flips);
  }

  @Test
  void theCentreViewShowsTheWholeVolumeWithoutChange() {
    Volume volume = worldRamp(12, 16, 20);
    View view = new MultiViewSampler(PLAIN.withAugmentation(Augmentation.mild())).center(volume);
    assertThat(view.kind()).isEqualTo(View.Kind.GLOBAL);
    assertThat(view.box()).isEqualTo(volume.bounds());
    // Same size, so nothing is resized.
    assertThat(view.crop().voxels()).isEqualTo(volume.voxels());
    assertThat(view.crop().affine()).isEqualTo(volume.affine());
  }

  @Test
  void jitterStaysInItsBounds() {
    Volume volume = noise(12, 16, 20);
    Augmentation jitter = new Augmentation(false, false, false, 0.2, 0.1, 0);
    ViewConfig whole =
        PLAIN.toBuilder()
            .localViews(0)
            .build()
            .withGlobalViews(1, new Size3(12, 16, 20), new ScaleRange(1, 1));
    boolean changed = false;
    for (long seed = 0; seed < 20; seed++) {
      float[] got =
          new MultiViewSampler(whole.withAugmentation(jitter))
              .sample(volume, seed)
              .get(0)
              .crop()
              .voxels();
      for (int i = 0; i < got.length; i++) {
        float source = volume.voxels()[i];
        assertThat((double) Math.abs(got[i] - source))
            .isLessThanOrEqualTo(0.2 * Math.abs(source) + 0.1 + 1e-6);
        changed |= got[i] != source;
      }
    }
    assertThat(changed).isTrue();
  }

  @Test
  void noiseHasItsStandardDeviation() {
    Volume volume = new Volume(new float[32 * 32 * 32], 32, 32, 32, Affine.identity());
    ViewConfig config =
        ViewConfig.tiny().withAugmentation(new Augmentation(false, false, false, 0, 0, 0.5));
    float[] got = new MultiViewSampler(config).sample(volume, 5).get(0).crop().voxels();
    double squares = 0;
    for (float v : got) {
      squares += v * v;
    }
    assertThat(Math.sqrt(squares / got.length)).isCloseTo(0.5, within(0.02));
  }

  @Test
  void theSourceIsLeftAsItIs() {
    Volume volume = noise(10, 11, 12);
    float[] before = volume.voxels().clone();
    new MultiViewSampler(PLAIN.withAugmentation(Augmentation.mild())).sample(volume, 1);
    assertThat(volume.voxels()).isEqualTo(before);
  }

  @Test
  void badSettingsAreErrorsThatSayWhatIsExpected() {
    assertThatThrownBy(() -> new ScaleRange(0.8, 0.7))
        .hasMessageContaining("0 < min <= max <= 1")
        .hasMessageContaining("got min 0.8 and max 0.7");
    assertThatThrownBy(() -> new ScaleRange(Double.NaN, 1)).hasMessageContaining("NaN");
    assertThatThrownBy(() -> PLAIN.withGlobalViews(0, Size3.cube(4), new ScaleRange(1, 1)))
        .hasMessage("ViewConfig.globalViews must be >= 1, got 0");
    assertThatThrownBy(
            () -> ViewConfig.tiny().toBuilder().localViews(2).localSize(Size3.cube(4)).build())
        .hasMessageContaining("ViewConfig.localViews = 2 needs localSize and localScale, got Size3")
        .hasMessageEndingWith(" and none");
    assertThatThrownBy(() -> new Augmentation(false, false, false, 1, 0, 0))
        .hasMessage("Augmentation.intensityScale must be in [0, 1), got 1.0");
    assertThatThrownBy(() -> new Augmentation(false, false, false, 0, 0, -1))
        .hasMessageContaining("Augmentation.noiseStd");
  }

  /** Compares view voxels with the ramp at their world position, where no edge is touched. */
  private static void assertRamp(Volume source, View view) {
    Volume crop = view.crop();
    Affine worldToSource = source.affine().inverse();
    int compared = 0;
    for (int z = 0; z < crop.depth(); z++) {
      for (int y = 0; y < crop.height(); y++) {
        for (int x = 0; x < crop.width(); x++) {
          double[] world = crop.affine().apply(x, y, z);
          double[] at = worldToSource.apply(world[0], world[1], world[2]);
          if (interior(at[0], source.width())
              && interior(at[1], source.height())
              && interior(at[2], source.depth())) {
            assertThat((double) crop.get(z, y, x)).isCloseTo(ramp(world), within(1e-3));
            compared++;
          }
        }
      }
    }
    assertThat(compared).isGreaterThan(crop.voxels().length / 4);
  }

  private static boolean interior(double at, int size) {
    return at >= 2.5 && at <= size - 3.5;
  }

  private static double ramp(double[] world) {
    return 2 * world[0] - 3 * world[1] + 0.5 * world[2];
  }

  private static Volume worldRamp(int depth, int height, int width) {
    Volume volume = new Volume(new float[depth * height * width], depth, height, width, OBLIQUE);
    for (int z = 0; z < depth; z++) {
      for (int y = 0; y < height; y++) {
        for (int x = 0; x < width; x++) {
          volume.voxels()[volume.index(z, y, x)] = (float) ramp(OBLIQUE.apply(x, y, z));
        }
      }
    }
    return volume;
  }

  private static Volume noise(int depth, int height, int width) {
    SplittableRandom random = new SplittableRandom(11);
    float[] voxels = new float[depth * height * width];
    for (int i = 0; i < voxels.length; i++) {
      voxels[i] = (float) random.nextDouble();
    }
    return new Volume(voxels, depth, height, width, OBLIQUE);
  }
}
