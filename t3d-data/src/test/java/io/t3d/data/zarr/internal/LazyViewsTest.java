package io.t3d.data.zarr.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.t3d.core.config.Size3;
import io.t3d.core.volume.View;
import io.t3d.core.volume.Volume;
import io.t3d.core.volume.VoxelBox;
import io.t3d.data.transform.VolumeSource;
import io.t3d.data.view.Augmentation;
import io.t3d.data.view.MultiViewSampler;
import io.t3d.data.view.ScaleRange;
import io.t3d.data.view.ViewConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Views cut from a stored volume are, bit by bit, those cut from the same volume in memory. */
class LazyViewsTest {
  @TempDir Path dir;

  @Test
  void globalAndLocalViewsAreTheSameFromChunksAndFromMemory() throws IOException {
    ViewConfig config =
        ViewConfig.global(new Size3(7, 9, 11))
            .withLocalViews(3, Size3.cube(6), new ScaleRange(0.1, 0.5))
            .withAugmentation(new Augmentation(true, true, true, 0.1, 0.05, 0.01));
    same(config);
  }

  @Test
  void farApartLocalViewsAreTheSameToo() throws IOException {
    ViewConfig config =
        ViewConfig.global(Size3.cube(5))
            .withGlobalViews(1, Size3.cube(5), new ScaleRange(0.05, 0.2))
            .withLocalViews(2, Size3.cube(9), new ScaleRange(0.05, 0.2));
    same(config);
  }

  @Test
  void viewsFarApartAreReadOneByOneAndViewsInOneAnotherOnce() throws IOException {
    Counting source = new Counting(ZarrVolumes.windowed(20, 20, 20, 3));
    new MultiViewSampler(ViewConfig.global(Size3.cube(8))).sample(source, 1);
    assertThat(source.boxes).hasSize(1);

    source.boxes.clear();
    ViewConfig small =
        ViewConfig.global(Size3.cube(4))
            .withGlobalViews(2, Size3.cube(4), new ScaleRange(0.05, 0.1));
    new MultiViewSampler(small).sample(source, 1);
    assertThat(source.boxes).hasSize(2).allMatch(b -> b.size() < 5 * 5 * 5);
  }

  private void same(ViewConfig config) throws IOException {
    Path folder = dir.resolve("v.zarr");
    ZarrWriter.write(
        folder, ZarrVolumes.windowed(22, 30, 35, 2), ZarrVolumes.chunks(8, 8, 8), "{}");
    ZarrVolume zarr = ZarrVolume.open(folder);
    Volume whole = zarr.readAll();
    MultiViewSampler sampler = new MultiViewSampler(config);
    for (long seed = 0; seed < 40; seed++) {
      List<View> expected = sampler.sample(whole, seed);
      List<View> got = sampler.sample(zarr, seed);
      assertThat(got).hasSameSizeAs(expected);
      for (int v = 0; v < got.size(); v++) {
        assertThat(got.get(v).box()).isEqualTo(expected.get(v).box());
        assertThat(got.get(v).kind()).isEqualTo(expected.get(v).kind());
        assertThat(got.get(v).crop().affine()).isEqualTo(expected.get(v).crop().affine());
        assertThat(got.get(v).crop().voxels()).isEqualTo(expected.get(v).crop().voxels());
      }
    }
  }

  /** Notes what is read. */
  private static final class Counting implements VolumeSource {
    private final VolumeSource source;
    private final List<VoxelBox> boxes = new ArrayList<>();

    Counting(Volume volume) {
      source = VolumeSource.of(volume);
    }

    @Override
    public Size3 size() {
      return source.size();
    }

    @Override
    public io.t3d.core.volume.Affine affine() {
      return source.affine();
    }

    @Override
    public Volume read(VoxelBox box) throws IOException {
      boxes.add(box);
      return source.read(box);
    }
  }
}
