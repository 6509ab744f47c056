package io.t3d.data.view;

import io.t3d.core.config.Size3;
import io.t3d.core.volume.View;
import io.t3d.core.volume.Volume;
import io.t3d.core.volume.VoxelBox;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/**
 * Cuts seeded random views from volumes: first the global, then the local ones.
 *
 * <p>A view is a random box inside the volume, resized to the view's size (trilinear, averaging
 * where it shrinks), flipped if the config says so, then jittered. Its affine takes view voxels to
 * the world exactly, through resize and flips. A box smaller than the view is enlarged by
 * interpolation, so a small volume fills the view; to keep the size of the anatomy, resample to one
 * spacing and pad with {@code CropOrPad} beforehand.
 *
 * <p>Instances are immutable and may be used by many threads.
 *
 * <pre>{@code
 * MultiViewSampler sampler = new MultiViewSampler(ViewConfig.global96());
 * List<View> views = sampler.sample(volume, 42);
 * }</pre>
 */
public final class MultiViewSampler {
  private final ViewConfig config;

  /** Samples by these settings. */
  public MultiViewSampler(ViewConfig config) {
    this.config = Objects.requireNonNull(config, "config");
  }

  /** The settings. */
  public ViewConfig config() {
    return config;
  }

  /**
   * Cuts the views of one volume.
   *
   * @param volume finite values, best after windowing; left as it is
   * @param seed equal seeds give equal views
   * @return {@link ViewConfig#views()} views, global ones first
   */
  public List<View> sample(Volume volume, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    List<View> views = new ArrayList<>(config.views());
    for (int v = 0; v < config.globalViews(); v++) {
      // One generator per view: a change of one view's settings leaves the others as they are.
      views.add(
          view(
              volume, View.Kind.GLOBAL, config.globalSize(), config.globalScale(), random.split()));
    }
    for (int v = 0; v < config.localViews(); v++) {
      views.add(
          view(volume, View.Kind.LOCAL, config.localSize(), config.localScale(), random.split()));
    }
    return views;
  }

  /**
   * The view for evaluation: the whole volume resized to {@link ViewConfig#globalSize()}, without
   * flips, jitter or randomness.
   */
  public View center(Volume volume) {
    VoxelBox box = volume.bounds();
    Volume crop = new CropResize(volume, box, config.globalSize(), CropResize.Flip.NONE).run(0);
    return new View(View.Kind.GLOBAL, crop, box);
  }

  private View view(
      Volume volume, View.Kind kind, Size3 size, ScaleRange scale, RandomGenerator random) {
    VoxelBox box = randomBox(volume, scale, random);
    Augmentation a = config.augmentation();
    // All three are drawn whether used or not, so that one switch does not change the others.
    boolean z = random.nextBoolean();
    boolean y = random.nextBoolean();
    boolean x = random.nextBoolean();
    CropResize.Flip flip = new CropResize.Flip(z && a.flipZ(), y && a.flipY(), x && a.flipX());
    Volume crop = new CropResize(volume, box, size, flip).run(0);
    jitter(crop.voxels(), random);
    return new View(kind, crop, box);
  }

  private static VoxelBox randomBox(Volume volume, ScaleRange scale, RandomGenerator random) {
    int[] size = {volume.depth(), volume.height(), volume.width()};
    int[] extent = new int[3];
    int[] start = new int[3];
    for (int axis = 0; axis < 3; axis++) {
      double fraction = scale.min() + (scale.max() - scale.min()) * random.nextDouble();
      extent[axis] = Math.max(1, (int) Math.round(fraction * size[axis]));
      start[axis] = random.nextInt(size[axis] - extent[axis] + 1);
    }
    return new VoxelBox(start[0], start[1], start[2], extent[0], extent[1], extent[2]);
  }

  private void jitter(float[] voxels, RandomGenerator random) {
    Augmentation a = config.augmentation();
    float factor = (float) (1 + a.intensityScale() * (2 * random.nextDouble() - 1));
    float shift = (float) (a.intensityShift() * (2 * random.nextDouble() - 1));
    float noise = (float) a.noiseStd();
    if (a.intensityScale() > 0 || a.intensityShift() > 0) {
      for (int i = 0; i < voxels.length; i++) {
        voxels[i] = factor * voxels[i] + shift;
      }
    }
    if (noise > 0) {
      for (int i = 0; i < voxels.length; i++) {
        voxels[i] += noise * (float) random.nextGaussian();
      }
    }
  }
}
