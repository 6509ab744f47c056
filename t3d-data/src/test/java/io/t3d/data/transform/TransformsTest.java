package io.t3d.data.transform;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.t3d.core.T3dException;
import io.t3d.core.config.Size3;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Spacing;
import io.t3d.core.volume.Volume;
import io.t3d.core.volume.VoxelBox;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TransformsTest {
  private static Volume random(int d, int h, int w, Affine affine) {
    SplittableRandom random = new SplittableRandom(5);
    float[] voxels = new float[d * h * w];
    for (int i = 0; i < voxels.length; i++) {
      voxels[i] = (float) random.nextDouble(-1000, 1000);
    }
    return new Volume(voxels, d, h, w, affine);
  }

  @ParameterizedTest
  @ValueSource(strings = {"RAS", "LAS", "PSR", "ILA", "SPL", "AIR"})
  void reorientingThereAndBackChangesNothing(String codes) {
    Volume v = random(3, 4, 5, Affine.of(-1, 0, 0, 64, 0, 0, 2, -8, 0, 4, 0, 16));
    Volume there = new Reorient(codes).apply(v);
    assertThat(there.orientation()).isEqualTo(codes);
    Volume back = new Reorient(v.orientation()).apply(there);
    assertThat(back.voxels()).isEqualTo(v.voxels());
    assertThat(back.affine().matrix()).containsExactly(v.affine().matrix(), within(1e-12));
  }

  @ParameterizedTest
  @ValueSource(strings = {"LPI", "PSR", "SLP", "IRA"})
  void aVolumeLargerThanATileIsReorientedVoxelByVoxel(String codes) {
    Volume v = random(37, 70, 41, Affine.identity());
    Volume r = new Reorient(codes).apply(v);
    for (int z = 0; z < r.depth(); z++) {
      for (int y = 0; y < r.height(); y++) {
        for (int x = 0; x < r.width(); x++) {
          double[] p = r.affine().apply(x, y, z); // identity: the world is the old index
          float want = v.get((int) p[2], (int) p[1], (int) p[0]);
          if (r.get(z, y, x) != want) {
            assertThat(r.get(z, y, x)).as("%d %d %d", z, y, x).isEqualTo(want);
          }
        }
      }
    }
  }

  @Test
  void anOrientationThatFitsIsLeftAlone() {
    Volume v = random(2, 2, 2, Affine.identity());
    assertThat(new Reorient("ras").apply(v)).isSameAs(v);
  }

  @ParameterizedTest
  @ValueSource(strings = {"RLS", "RA", "RASI", "XYZ", ""})
  void wrongCodesAreRefused(String codes) {
    assertThatThrownBy(() -> new Reorient(codes))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("one of R/L, one of A/P and one of S/I");
  }

  @Test
  void theInputIsLeftAsItIs() {
    Volume v = random(4, 4, 4, Affine.of(Spacing.isotropic(2)));
    float[] before = v.voxels().clone();
    new Reorient("LPI")
        .then(new Resample(Spacing.isotropic(1.1)))
        .then(IntensityWindow.chest())
        .then(new CropOrPad(new Size3(3, 9, 5), 0))
        .apply(v);
    new Crop(new VoxelBox(0, 0, 0, 1, 1, 1), 0).apply(v);
    assertThat(v.voxels()).isEqualTo(before);
  }

  @Test
  void aSpacingIsMetExactlyAndTheCentreStays() {
    Volume v = random(5, 6, 7, Affine.of(0, -0.9, 0, 3, 0.7, 0, 0, 4, 0, 0, 2.5, 5));
    Spacing wanted = new Spacing(1.1, 1.3, 0.4);
    Volume r = new Resample(wanted).apply(v);
    assertThat(r.spacing().z()).isCloseTo(wanted.z(), within(1e-12));
    assertThat(r.spacing().y()).isCloseTo(wanted.y(), within(1e-12));
    assertThat(r.spacing().x()).isCloseTo(wanted.x(), within(1e-12));
    assertThat(centre(r)).containsExactly(centre(v), within(1e-9));
  }

  private static double[] centre(Volume v) {
    return v.affine().apply((v.width() - 1) / 2.0, (v.height() - 1) / 2.0, (v.depth() - 1) / 2.0);
  }

  @Test
  void theSameSpacingUpToHeaderRoundingIsLeftAlone() {
    Volume v = random(3, 3, 3, Affine.of(Spacing.isotropic(0.7f)));
    assertThat(new Resample(Spacing.isotropic(0.7)).apply(v)).isSameAs(v);
  }

  @Test
  void aSingleSliceCanBeResampled() {
    Volume v = random(1, 1, 3, Affine.of(Spacing.isotropic(5)));
    Volume r = new Resample(Spacing.isotropic(1)).apply(v);
    assertThat(new int[] {r.depth(), r.height(), r.width()}).containsExactly(5, 5, 15);
    assertThat(r.get(0, 0, 0)).isEqualTo(v.voxels()[0]);
    assertThat(r.get(4, 4, 14)).isEqualTo(v.voxels()[2]);
  }

  @Test
  void antialiasingKeepsTheMeanWhenShrinkingAndLinearDoesNot() {
    float[] comb = new float[64];
    for (int i = 0; i < 64; i += 4) {
      comb[i] = 4; // mean 1
    }
    Volume v = new Volume(comb, 1, 1, 64, Affine.identity());
    Size3 small = new Size3(1, 1, 16);
    float[] smooth = new ResampleTo(small, Interpolation.LINEAR_ANTIALIASED).apply(v).voxels();
    for (int i = 1; i < 15; i++) {
      assertThat(smooth[i]).isCloseTo(1, within(0.3f));
    }
    assertThat(new ResampleTo(small, Interpolation.LINEAR).apply(v).voxels()[8]).isZero();
  }

  @Test
  void nearestMakesNoNewValues() {
    Volume mask = new Volume(new float[] {0, 3, 0, 7}, 1, 1, 4, Affine.identity());
    float[] r = new Resample(Spacing.isotropic(0.3), Interpolation.NEAREST).apply(mask).voxels();
    assertThat(r).containsOnly(0, 3, 7);
  }

  @Test
  void anAbsurdSpacingIsRefusedBeforeAllocation() {
    Volume v = random(4, 4, 4, Affine.of(Spacing.isotropic(1000)));
    assertThatThrownBy(() -> new Resample(Spacing.isotropic(0.01)).apply(v))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("is the spacing of the file or of the config in mm?");
  }

  @Test
  void aWindowMapsToZeroOneAndNanToZero() {
    float[] in = {-2000, -1000, 0, 500, 1000, 3000, Float.NaN, Float.POSITIVE_INFINITY};
    Volume v = new Volume(in, 1, 1, in.length, Affine.identity());
    assertThat(IntensityWindow.chest().apply(v).voxels())
        .containsExactly(0, 0, 0.5f, 0.75f, 1, 1, 0, 1);
    assertThat(IntensityWindow.between(-160, 240)).isEqualTo(IntensityWindow.softTissue());
    assertThat(IntensityWindow.presets())
        .containsEntry("soft-tissue", IntensityWindow.softTissue())
        .containsOnlyKeys("chest", "lung", "soft-tissue", "bone");
    assertThat(IntensityWindow.lung().map(-600)).isEqualTo(0.5f);
  }

  @Test
  void aWindowOfPercentilesLeavesOutTheExtremes() {
    float[] in = new float[1001];
    for (int i = 0; i < in.length; i++) {
      in[i] = i;
    }
    in[0] = -1e9f;
    in[1000] = Float.POSITIVE_INFINITY;
    IntensityWindow window =
        IntensityWindow.ofPercentiles(new Volume(in, 1, 1, in.length, Affine.identity()));
    // 1,000 finite values, so ranks 0.005·999 and 0.995·999, interpolated.
    assertThat(window.lower()).isCloseTo(4.995, within(1e-9));
    assertThat(window.upper()).isCloseTo(994.005, within(1e-9));
  }

  @Test
  void percentilesOfAConstantVolumeAreAWindowAllTheSame() {
    Volume v = new Volume(new float[8], 2, 2, 2, Affine.identity());
    assertThat(IntensityWindow.ofPercentiles(v).width()).isEqualTo(1);
  }

  @Test
  void percentilesNeedAFiniteVoxel() {
    Volume v = new Volume(new float[] {Float.NaN}, 1, 1, 1, Affine.identity());
    assertThatThrownBy(() -> IntensityWindow.ofPercentiles(v))
        .isInstanceOf(T3dException.class)
        .hasMessageStartingWith("No voxel of Volume(D, H, W) = (1, 1, 1)")
        .hasMessageEndingWith("is finite");
  }

  @Test
  void anEmptyWindowIsRefused() {
    assertThatThrownBy(() -> new IntensityWindow(40, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("width > 0, got level 40.0, width 0.0");
  }

  @Test
  void croppingPadsBeyondTheEdge() {
    Volume v = new Volume(new float[] {1, 2, 3, 4}, 1, 2, 2, Affine.identity());
    Volume c = new Crop(new VoxelBox(0, -1, 1, 1, 3, 2), -9).apply(v);
    assertThat(c.voxels()).containsExactly(-9, -9, 2, -9, 4, -9);
    assertThat(c.affine().apply(0, 0, 0)).containsExactly(1, -1, 0);
  }

  @Test
  void aBoxOutsideIsAllFill() {
    Volume v = new Volume(new float[] {1, 2, 3, 4}, 1, 2, 2, Affine.identity());
    for (int far : new int[] {2, 100, -3, Integer.MAX_VALUE, Integer.MIN_VALUE}) {
      assertThat(new Crop(new VoxelBox(0, 0, far, 1, 1, 2), 5).apply(v).voxels())
          .containsExactly(5, 5);
      assertThat(new Crop(new VoxelBox(far, far, 0, 1, 1, 2), 5).apply(v).voxels())
          .containsExactly(5, 5);
    }
  }

  @Test
  void anOddDifferenceLeavesTheExtraVoxelAtTheEnd() {
    Volume v = new Volume(new float[] {1, 2, 3}, 1, 1, 3, Affine.identity());
    assertThat(new CropOrPad(new Size3(1, 1, 2), 0).apply(v).voxels()).containsExactly(1, 2);
    assertThat(new CropOrPad(new Size3(1, 1, 6), 0).apply(v).voxels())
        .containsExactly(0, 1, 2, 3, 0, 0);
  }
}
