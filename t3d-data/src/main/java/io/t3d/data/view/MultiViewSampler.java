package io.t3d.data.view;

import io.t3d.core.T3dException;
import io.t3d.core.config.Size3;
import io.t3d.core.volume.Affine;
import io.t3d.core.volume.View;
import io.t3d.core.volume.Volume;
import io.t3d.core.volume.VoxelBox;
import io.t3d.data.transform.VolumeSource;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.SplittableRandom;
import java.util.random.RandomGenerator;

/**
 * Samples random views from volumes by seed: the global views first, then the local ones.
 *
 * <p>A view is a random box inside the volume, resized to the view's size (trilinear, averaging
 * where it shrinks), flipped if the config says so, then jittered. Its affine takes view voxels to
 * the world exactly, through resize and flips. A box smaller than the view is enlarged by
 * interpolation, so a small volume fills the view; to keep the size of the anatomy, resample to one
 * spacing and pad with {@code CropOrPad} beforehand.
 *
 * <p>Large global and small local crops: Caron et al., 2020, <a
 * href="https://arxiv.org/abs/2006.09882">Unsupervised Learning of Visual Features by Contrasting
 * Cluster Assignments</a> (multi-crop). Differs from the paper: a scale is drawn for each axis, not
 * for the area.
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
   * @throws T3dException when voxels of a view are not finite
   */
  public List<View> sample(Volume volume, long seed) {
    return plan(sizeOf(volume), volume.affine(), seed).stream()
        .map(cut -> cut.from(volume, volume.bounds()))
        .toList();
  }

  /**
   * Cuts the views of one volume, reading only what they show: the very views that {@link
   * #sample(Volume, long)} cuts from the whole.
   *
   * @param source finite values, best after windowing
   * @param seed equal seeds give equal views
   * @return {@link ViewConfig#views()} views, global ones first
   * @throws IOException when the source cannot be read
   * @throws T3dException when voxels of a view are not finite
   */
  public List<View> sample(VolumeSource source, long seed) throws IOException {
    if (source instanceof VolumeSource.InMemory memory) {
      return sample(memory.volume(), seed);
    }
    List<Cut> cuts = plan(source.size(), source.affine(), seed);
    // Views that lie in one another are read once, views far apart each by itself.
    VoxelBox hull = cuts.stream().map(Cut::reads).reduce(MultiViewSampler::hull).orElseThrow();
    long apart = cuts.stream().mapToLong(cut -> cut.reads().size()).sum();
    Volume all = hull.size() <= apart ? source.read(hull) : null;
    List<View> views = new ArrayList<>(cuts.size());
    for (Cut cut : cuts) {
      VoxelBox where = all == null ? cut.reads() : hull;
      views.add(cut.from(all == null ? source.read(where) : all, where));
    }
    return views;
  }

  /**
   * The view for evaluation: the whole volume resized to {@link ViewConfig#globalSize()}, or as
   * {@link ViewConfig#wholeScan()} says, without flips, jitter or randomness.
   *
   * @param volume finite values, best after windowing; left as it is
   * @return a global view; its affine takes its voxel index (x, y, z) to world mm
   * @throws T3dException when voxels of the view are not finite
   */
  public View center(Volume volume) {
    if (config.wholeScan().isPresent()) {
      return config.wholeScan().get().view(requireFinite(volume));
    }
    return resized(volume);
  }

  /**
   * As {@link #center}, of the same size for all volumes, so that several make a batch: where whole
   * scans are seen, cut or padded about the centre to {@link ViewConfig#globalSize()}.
   */
  public View centerOfOneSize(Volume volume) {
    return config.wholeScan().isPresent()
        ? new WholeScan(config.globalSize()).onceIn(requireFinite(volume))
        : resized(volume);
  }

  private View resized(Volume volume) {
    VoxelBox box = volume.bounds();
    CropResize crop =
        new CropResize(
            sizeOf(volume), volume.affine(), box, config.globalSize(), CropResize.Flip.NONE);
    return new View(View.Kind.GLOBAL, requireFinite(crop.run(volume, 0)), box);
  }

  /** The views of a volume before they are cut. */
  List<Cut> plan(Size3 source, Affine affine, long seed) {
    SplittableRandom random = new SplittableRandom(seed);
    List<Cut> cuts = new ArrayList<>(config.views());
    // One generator per view: a change of one view's settings leaves the others as they are.
    for (int v = 0; v < config.globalViews(); v++) {
      cuts.add(cut(source, affine, View.Kind.GLOBAL, random.split()));
    }
    for (int v = 0; v < config.localViews(); v++) {
      cuts.add(cut(source, affine, View.Kind.LOCAL, random.split()));
    }
    return cuts;
  }

  private Cut cut(Size3 source, Affine affine, View.Kind kind, RandomGenerator random) {
    boolean global = kind == View.Kind.GLOBAL;
    Size3 size = global ? config.globalSize() : config.localSize().orElseThrow();
    ScaleRange scale = global ? config.globalScale() : config.localScale().orElseThrow();
    VoxelBox box = randomBox(source, scale, random);
    Augmentation a = config.augmentation();
    // All three are drawn whether used or not, so that one switch does not change the others.
    boolean z = random.nextBoolean();
    boolean y = random.nextBoolean();
    boolean x = random.nextBoolean();
    CropResize.Flip flip = new CropResize.Flip(z && a.flipZ(), y && a.flipY(), x && a.flipX());
    return new Cut(kind, box, new CropResize(source, affine, box, size, flip), random);
  }

  /** A view that is planned but not cut yet; it is cut once, because jitter draws on. */
  final class Cut {
    private final View.Kind kind;
    private final VoxelBox box;
    private final CropResize crop;
    private final RandomGenerator random;
    private final VoxelBox reads;

    Cut(View.Kind kind, VoxelBox box, CropResize crop, RandomGenerator random) {
      this.kind = kind;
      this.box = box;
      this.crop = crop;
      this.random = random;
      this.reads = crop.reads();
    }

    VoxelBox reads() {
      return reads;
    }

    View.Kind kind() {
      return kind;
    }

    CropResize crop() {
      return crop;
    }

    /** Factor and shift of the voxels, drawn before the noise. */
    float[] brightness() {
      return MultiViewSampler.this.brightness(random);
    }

    /** Noise to add, of the view's size; empty when there is none. */
    float[] noise() {
      float[] noise = new float[config.augmentation().noiseStd() > 0 ? voxels(crop.size()) : 0];
      addNoise(noise, random);
      return noise;
    }

    View from(Volume part, VoxelBox where) {
      Volume view = requireFinite(crop.run(part, where, 0));
      jitter(view.voxels(), random);
      return new View(kind, view, box);
    }
  }

  private static Volume requireFinite(Volume view) {
    int bad = 0;
    for (float v : view.voxels()) {
      bad += Float.isFinite(v) ? 0 : 1;
    }
    if (bad > 0) {
      throw new T3dException(
          T3dException.Kind.INPUT,
          "Voxels must be finite, got "
              + bad
              + " of the "
              + view.voxels().length
              + " of a view that are NaN or infinite; correct the file or set"
              + " Preprocessing.nonFinite to REPLACE_BY_MINIMUM");
    }
    return view;
  }

  private static Size3 sizeOf(Volume volume) {
    return new Size3(volume.depth(), volume.height(), volume.width());
  }

  private static VoxelBox hull(VoxelBox a, VoxelBox b) {
    int z0 = Math.min(a.z0(), b.z0());
    int y0 = Math.min(a.y0(), b.y0());
    int x0 = Math.min(a.x0(), b.x0());
    return new VoxelBox(
        z0,
        y0,
        x0,
        Math.max(a.z0() + a.depth(), b.z0() + b.depth()) - z0,
        Math.max(a.y0() + a.height(), b.y0() + b.height()) - y0,
        Math.max(a.x0() + a.width(), b.x0() + b.width()) - x0);
  }

  private static VoxelBox randomBox(Size3 source, ScaleRange scale, RandomGenerator random) {
    int[] size = {source.depth(), source.height(), source.width()};
    int[] extent = new int[3];
    int[] start = new int[3];
    for (int axis = 0; axis < 3; axis++) {
      double fraction = scale.min() + (scale.max() - scale.min()) * random.nextDouble();
      extent[axis] = Math.max(1, (int) Math.round(fraction * size[axis]));
      start[axis] = random.nextInt(size[axis] - extent[axis] + 1);
    }
    return new VoxelBox(start[0], start[1], start[2], extent[0], extent[1], extent[2]);
  }

  private static int voxels(Size3 size) {
    return Math.multiplyExact(size.depth(), Math.multiplyExact(size.height(), size.width()));
  }

  private float[] brightness(RandomGenerator random) {
    Augmentation a = config.augmentation();
    float factor = (float) (1 + a.intensityScale() * (2 * random.nextDouble() - 1));
    float shift = (float) (a.intensityShift() * (2 * random.nextDouble() - 1));
    return new float[] {factor, shift};
  }

  private void jitter(float[] voxels, RandomGenerator random) {
    Augmentation a = config.augmentation();
    float[] brightness = brightness(random);
    float factor = brightness[0];
    float shift = brightness[1];
    if (a.intensityScale() > 0 || a.intensityShift() > 0) {
      for (int i = 0; i < voxels.length; i++) {
        voxels[i] = factor * voxels[i] + shift;
      }
    }
    addNoise(voxels, random);
  }

  private void addNoise(float[] voxels, RandomGenerator random) {
    float noise = (float) config.augmentation().noiseStd();
    if (noise > 0) {
      for (int i = 0; i < voxels.length; i++) {
        voxels[i] += noise * (float) random.nextGaussian();
      }
    }
  }
}
