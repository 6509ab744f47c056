package io.t3d.core.task.segment;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.ndarray.types.Shape;
import io.t3d.core.config.DecoderConfig;
import io.t3d.core.config.Size3;
import io.t3d.core.config.Vit3dConfig;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.Volume;
import java.io.IOException;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class SegmentationCropsTest {
  private static final int SIZE = 24;

  private static SegmentationCrops crops(int window, double foreground) {
    float[] voxels = new float[SIZE * SIZE * SIZE];
    float[] mask = new float[voxels.length];
    for (int i = 0; i < voxels.length; i++) {
      voxels[i] = i;
    }
    mask[5] = 3;
    Volume volume = new Volume(voxels, SIZE, SIZE, SIZE, Affine.scaleTranslate(1, 1, 1, 0, 0, 0));
    Vit3dConfig vision =
        Vit3dConfig.builder()
            .patch(Size3.cube(4))
            .hiddenSize(24)
            .layers(2)
            .heads(2)
            .mlpSize(48)
            .dropout(0)
            .build();
    SegmenterConfig config =
        new SegmenterConfig(
            vision,
            new DecoderConfig(8, 32),
            List.of(SegmentationClass.of("point", 3)),
            Size3.cube(window),
            0.5,
            0.125);
    SegmentationCase one = new SegmentationCase(volume, volume.withVoxels(mask));
    return new SegmentationCrops(SegmentationSource.of(List.of(one)), config, foreground, 1);
  }

  @Test
  void theCornersOfTheVolumeAreSeen() throws IOException {
    SegmentationCrops crops = crops(12, 0);
    int[] seen = new int[2];
    for (int i = 0; i < 1000; i++) {
      float[] voxels = crops.next(1).voxels();
      seen[0] += voxels[0] == 0 ? 1 : 0;
      seen[1] += voxels[voxels.length - 1] == SIZE * SIZE * SIZE - 1 ? 1 : 0;
    }
    // (7/24)^3 of 1000 and (6/24)^3; with uniform corners it would be (1/13)^3, less than one.
    assertThat(seen[0]).isBetween(10, 45);
    assertThat(seen[1]).isBetween(5, 35);
  }

  @Test
  void foregroundCropsHoldTheirStructure() throws IOException {
    SegmentationCrops.Crops crops = crops(12, 1).next(20);
    assertThat(crops.shape(Size3.cube(12))).isEqualTo(new Shape(20, 1, 12, 12, 12));
    int one = 12 * 12 * 12;
    for (int b = 0; b < 20; b++) {
      int from = b * one;
      assertThat(IntStream.range(from, from + one).filter(i -> crops.classes()[i] == 1).count())
          .isEqualTo(1);
    }
  }

  @Test
  void whatLiesOutsideTheVolumeSaysNothing() throws IOException {
    SegmentationCrops.Crops crops = crops(26, 0).next(1);
    assertThat(crops.classes()[0]).isEqualTo(-1);
    assertThat(IntStream.range(0, crops.classes().length).filter(i -> crops.classes()[i] >= 0))
        .hasSize(SIZE * SIZE * SIZE);
  }
}
