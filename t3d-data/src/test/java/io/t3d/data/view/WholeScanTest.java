package io.t3d.data.view;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.t3d.core.config.Configs;
import io.t3d.core.config.Size3;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.View;
import io.t3d.core.volume.Volume;
import io.t3d.core.volume.VoxelBox;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class WholeScanTest {
  private static final Size3 UNIT = new Size3(4, 8, 8);

  /** Each voxel is its number, from 1. */
  private static Volume volume(int depth, int height, int width) {
    float[] voxels = new float[depth * height * width];
    for (int i = 0; i < voxels.length; i++) {
      voxels[i] = i + 1;
    }
    return new Volume(voxels, depth, height, width, Affine.identity());
  }

  private static View center(WholeScan scan, Volume volume) {
    return new MultiViewSampler(ViewConfig.tiny().withWholeScan(scan)).center(volume);
  }

  @Test
  void aScanIsCutToTheLargestMultipleAboutItsCentre() {
    Volume volume = volume(9, 17, 30);
    View view = center(new WholeScan(UNIT), volume);
    assertThat(view.box()).isEqualTo(new VoxelBox(0, 0, 3, 8, 16, 24));
    Volume crop = view.crop();
    assertThat(new int[] {crop.depth(), crop.height(), crop.width()}).containsExactly(8, 16, 24);
    assertThat(crop.get(0, 0, 0)).isEqualTo(volume.get(0, 0, 3));
    assertThat(crop.get(7, 15, 23)).isEqualTo(volume.get(7, 15, 26));
    assertThat(crop.affine().apply(0, 0, 0)).containsExactly(3, 0, 0);
  }

  @Test
  void anAxisShorterThanAUnitIsPaddedWithTheSmallestValue() {
    View view = center(new WholeScan(UNIT), volume(2, 8, 8));
    assertThat(view.crop().depth()).isEqualTo(4);
    assertThat(view.crop().get(0, 3, 3)).isEqualTo(1);
    assertThat(view.crop().get(3, 3, 3)).isEqualTo(1);
    assertThat(view.box()).isEqualTo(new VoxelBox(0, 0, 0, 2, 8, 8));
  }

  @Test
  void aScanOfTooManyUnitsIsMadeSmaller() {
    View view = center(new WholeScan(UNIT, Optional.of(8)), volume(16, 32, 32));
    Volume crop = view.crop();
    assertThat(crop.depth() / 4 * (crop.height() / 8) * (crop.width() / 8)).isLessThanOrEqualTo(8);
    assertThat(new int[] {crop.depth(), crop.height(), crop.width()}).containsExactly(8, 16, 16);
    assertThat(crop.spacing().x()).isGreaterThan(1.9);
    assertThat(view.box()).isEqualTo(new VoxelBox(0, 0, 0, 16, 32, 32));
  }

  @Test
  void wholeScansOfOneSizeAreCutOrPaddedAndNotResized() {
    Size3 size = new Size3(4, 6, 40);
    ViewConfig config = ViewConfig.global(size).toBuilder().wholeScan(new WholeScan(UNIT)).build();
    View view = new MultiViewSampler(config).centerOfOneSize(volume(9, 17, 30));
    Volume crop = view.crop();
    assertThat(new int[] {crop.depth(), crop.height(), crop.width()}).containsExactly(4, 6, 40);
    assertThat(crop.spacing().z()).isEqualTo(1);
    assertThat(view.box()).isEqualTo(new VoxelBox(2, 5, 0, 4, 6, 30));
  }

  @Test
  void settingsWithoutItAreWrittenAsBefore() {
    assertThat(Configs.toJson(ViewConfig.tiny())).doesNotContain("wholeScan");
    ViewConfig whole = ViewConfig.tiny().withWholeScan(new WholeScan(UNIT, Optional.of(100)));
    assertThat(Configs.fromJson(Configs.toJson(whole), ViewConfig.class)).isEqualTo(whole);
    assertThatThrownBy(() -> new WholeScan(UNIT, Optional.of(0)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("WholeScan.mostPatches must be >= 1, got 0");
  }
}
