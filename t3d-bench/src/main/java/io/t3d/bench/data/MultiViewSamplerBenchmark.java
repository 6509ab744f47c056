package io.t3d.bench.data;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.t3d.bench.kernel.KernelBenchmark;
import io.t3d.core.config.Size3;
import io.t3d.core.torch.Interpolate;
import io.t3d.core.volume.View;
import io.t3d.core.volume.Volume;
import io.t3d.data.transform.Crop;
import io.t3d.data.view.Augmentation;
import io.t3d.data.view.MultiViewSampler;
import io.t3d.data.view.ViewConfig;
import java.util.List;
import java.util.SplittableRandom;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Level;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;

/**
 * Two global views of a volume of the views' own size: ours, which resizes in plain Java on one
 * thread, against libtorch's trilinear resizing of the same crops. The setup checks that both give
 * the same voxels.
 */
@State(Scope.Benchmark)
public class MultiViewSamplerBenchmark extends KernelBenchmark {
  /** Named sizes of the views. */
  public enum Size {
    /** For the smoke run. */
    TINY(12),
    /** As in pre-training. */
    BASE(96);

    final Size3 views;

    Size(int edge) {
      views = Size3.cube(edge);
    }
  }

  /** Which size. */
  @Param("BASE")
  public Size size;

  private Volume volume;
  private MultiViewSampler sampler;
  private MultiViewSampler boxes;
  private long seed;

  /** Makes a volume; compares the two forms. */
  @Setup(Level.Trial)
  public void setup() {
    open();
    SplittableRandom random = new SplittableRandom(7);
    volume = CtVolume.of(size.views, 7);
    sampler =
        new MultiViewSampler(ViewConfig.global(size.views).withAugmentation(Augmentation.none()));
    ViewConfig config = sampler.config();
    boxes = new MultiViewSampler(config.withGlobalViews(2, Size3.cube(1), config.globalScale()));
    try (NDManager step = manager.newSubManager()) {
      for (View view : sampler.sample(volume, random.nextLong())) {
        NDArray resized = resized(step, view);
        NDArray ours = step.create(view.crop().voxels(), resized.getShape());
        // At the crop's faces ours looks at the volume beyond, the other holds the edge.
        String inside = ":, :, 1:-1, 1:-1, 1:-1";
        requireClose("View", ours.get(inside), resized.get(inside), 1e-4);
      }
    }
  }

  /** Ours. */
  @Benchmark
  public List<View> ours() {
    return sampler.sample(volume, seed++);
  }

  /** Crops through libtorch, and back to Java arrays. The boxes are drawn by a small sampler. */
  @Benchmark
  public float libtorch() {
    float sum = 0;
    try (NDManager step = manager.newSubManager()) {
      for (View view : boxes.sample(volume, seed++)) {
        sum += resized(step, view).toFloatArray()[0];
      }
    }
    return sum;
  }

  private NDArray resized(NDManager step, View view) {
    Volume crop = new Crop(view.box(), 0).apply(volume);
    NDArray x =
        step.create(crop.voxels(), new Shape(1, 1, crop.depth(), crop.height(), crop.width()));
    return Interpolate.trilinear(x, size.views); // (1, 1, D, H, W)
  }
}
