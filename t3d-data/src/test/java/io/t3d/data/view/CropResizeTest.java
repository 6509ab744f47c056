package io.t3d.data.view;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import io.t3d.core.config.Size3;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Volume;
import io.t3d.core.volume.VoxelBox;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class CropResizeTest {
  @Test
  void aBoxOfTheViewsSizeIsCopied() {
    Volume volume = counting(4, 5, 6);
    Volume crop = crop(volume, new VoxelBox(1, 2, 3, 2, 2, 2), Size3.cube(2));
    assertThat(crop.voxels())
        .containsExactly(
            volume.get(1, 2, 3),
            volume.get(1, 2, 4),
            volume.get(1, 3, 3),
            volume.get(1, 3, 4),
            volume.get(2, 2, 3),
            volume.get(2, 2, 4),
            volume.get(2, 3, 3),
            volume.get(2, 3, 4));
    assertThat(crop.affine().apply(0, 0, 0)).containsExactly(3, 2, 1);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 3, 7, 10, 15})
  void shrinkingAveragesTheLinearInterpolant(int count) {
    SplittableRandom random = new SplittableRandom(3);
    float[] voxels = new float[16];
    for (int i = 0; i < voxels.length; i++) {
      voxels[i] = (float) random.nextDouble();
    }
    Volume volume = new Volume(voxels, 1, 1, 16, Affine.identity());
    Volume crop = crop(volume, volume.bounds(), new Size3(1, 1, count));
    double ratio = 16.0 / count;
    double width = Math.sqrt(ratio * ratio - 1);
    for (int i = 0; i < count; i++) {
      double centre = crop.affine().apply(i, 0, 0)[0];
      double sum = 0;
      for (int n = 0; n < 10_000; n++) {
        sum += interpolate(voxels, centre + width * ((n + 0.5) / 10_000 - 0.5));
      }
      assertThat((double) crop.voxels()[i]).isCloseTo(sum / 10_000, within(1e-5));
    }
  }

  private static double interpolate(float[] voxels, double at) {
    double inside = Math.max(0, Math.min(voxels.length - 1, at));
    int low = (int) Math.min(voxels.length - 2, Math.floor(inside));
    return voxels[low] + (inside - low) * (voxels[low + 1] - voxels[low]);
  }

  @Test
  void shrinkingLosesNoVoxel() {
    // A single bright voxel anywhere stays visible, and its sum is nearly kept.
    for (int at = 4; at < 28; at++) {
      float[] voxels = new float[32];
      voxels[at] = 100;
      Volume crop =
          crop(
              new Volume(voxels, 1, 1, 32, Affine.identity()),
              new VoxelBox(0, 0, 0, 1, 1, 32),
              new Size3(1, 1, 6));
      double sum = 0;
      for (float v : crop.voxels()) {
        sum += v;
      }
      assertThat(sum).isBetween(14.0, 22.0);
    }
  }

  @Test
  void enlargingInterpolatesLinearlyAndHoldsTheEdge() {
    Volume volume = new Volume(new float[] {0, 4}, 1, 1, 2, Affine.identity());
    Volume crop = crop(volume, volume.bounds(), new Size3(1, 1, 4));
    // Centres at -0.25, 0.25, 0.75, 1.25.
    assertThat(crop.voxels()).containsExactly(0, 1, 3, 4);
  }

  @Test
  void aFlipMirrorsVoxelsAndAffineAlike() {
    Volume volume = counting(2, 3, 4);
    Volume crop =
        crop(
            volume, volume.bounds(), new Size3(2, 3, 4), new CropResize.Flip(true, false, true), 0);
    assertThat(crop.get(0, 1, 0)).isEqualTo(volume.get(1, 1, 3));
    assertThat(crop.affine().apply(0, 1, 0)).containsExactly(3, 1, 1);
  }

  @Test
  void aBoxOverTheEdgeIsFilled() {
    Volume volume = counting(2, 2, 2);
    Volume crop =
        crop(volume, new VoxelBox(-1, 0, 0, 4, 2, 2), new Size3(4, 2, 2), CropResize.Flip.NONE, -9);
    assertThat(crop.voxels())
        .containsExactly(-9, -9, -9, -9, 0, 1, 2, 3, 4, 5, 6, 7, -9, -9, -9, -9);
    assertThat(crop.affine().apply(0, 0, 1)[2]).isCloseTo(0, within(1e-12));
  }

  @Test
  void aBoxBesideTheVolumeHoldsOnlyFill() {
    Volume crop =
        crop(
            counting(2, 2, 2),
            new VoxelBox(5, 0, 0, 2, 2, 2),
            Size3.cube(2),
            CropResize.Flip.NONE,
            -9);
    assertThat(crop.voxels()).containsOnly(-9f);
  }

  private static Volume crop(Volume volume, VoxelBox box, Size3 size) {
    return crop(volume, box, size, CropResize.Flip.NONE, 0);
  }

  private static Volume crop(
      Volume volume, VoxelBox box, Size3 size, CropResize.Flip flip, float fill) {
    Size3 source = new Size3(volume.depth(), volume.height(), volume.width());
    return new CropResize(source, volume.affine(), box, size, flip).run(volume, fill);
  }

  private static Volume counting(int depth, int height, int width) {
    float[] voxels = new float[depth * height * width];
    for (int i = 0; i < voxels.length; i++) {
      voxels[i] = i;
    }
    return new Volume(voxels, depth, height, width, Affine.identity());
  }
}
