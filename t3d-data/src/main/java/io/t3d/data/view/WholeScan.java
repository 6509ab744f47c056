package io.t3d.data.view;

import io.t3d.core.config.Size3;
import io.t3d.core.config.internal.LeftOutWhenEmpty;
import io.t3d.core.volume.View;
import io.t3d.core.volume.Volume;
import io.t3d.core.volume.VoxelBox;
import io.t3d.data.transform.CropOrPad;
import io.t3d.data.transform.Interpolation;
import io.t3d.data.transform.ResampleTo;
import java.util.Objects;
import java.util.Optional;

/**
 * How an encoder that reads views of any size is given a whole scan: cut about the centre to the
 * largest multiple of what it reads as a unit, after a scan with too many units has been resized.
 * An axis that is shorter than one unit is padded to it with the smallest value.
 *
 * <p>Source: {@code LargestMultipleCenterCropd} of github.com/cclaess/SPECTRE at commit 9260676,
 * and {@code resize_max_patches} and {@code patch_crop} of github.com/rmaguado/VoxelFM at commit
 * fba41a3. Differs from both: they have no rule for an axis shorter than one unit, which is padded
 * as in {@code get_image_transform_eval_crop} of github.com/lmb-freiburg/radfinder at commit
 * 7c6ab92.
 *
 * @param multiple voxels of a unit, e.g. a crop or a patch
 * @param mostPatches units that a scan may have; larger ones are made smaller, trilinearly; any
 *     number when left out
 */
public record WholeScan(Size3 multiple, @LeftOutWhenEmpty Optional<Integer> mostPatches) {
  /** Factors about the right one, of which that with the most units is taken; VoxelFM's. */
  private static final double[] NEARBY = {0.98, 0.99, 1.0, 1.01, 1.02};

  /** Where none of these fits. */
  private static final double SMALLER = 0.95;

  /** Checks that there may be a unit. */
  public WholeScan {
    Objects.requireNonNull(multiple, "WholeScan.multiple");
    Objects.requireNonNull(mostPatches, "WholeScan.mostPatches");
    if (mostPatches.isPresent() && mostPatches.get() < 1) {
      throw new IllegalArgumentException(
          "WholeScan.mostPatches must be >= 1, got " + mostPatches.get());
    }
  }

  /** Scans of any size. */
  public WholeScan(Size3 multiple) {
    this(multiple, Optional.empty());
  }

  /**
   * The view of a scan; the input is left as it is.
   *
   * @param volume prepared
   * @return a global view, whose size is a multiple of {@link #multiple}
   */
  View view(Volume volume) {
    Volume scan = mostPatches.map(most -> fitted(volume, most)).orElse(volume);
    Size3 size =
        new Size3(
            largest(scan.depth(), multiple.depth()),
            largest(scan.height(), multiple.height()),
            largest(scan.width(), multiple.width()));
    Volume cut = new CropOrPad(size, minimum(scan)).apply(scan);
    return new View(View.Kind.GLOBAL, cut, source(volume, scan, size));
  }

  /** One unit about the centre. */
  View onceIn(Volume volume) {
    Volume cut = new CropOrPad(multiple, minimum(volume)).apply(volume);
    return new View(View.Kind.GLOBAL, cut, source(volume, volume, multiple));
  }

  private static int largest(int n, int unit) {
    return Math.max(1, n / unit) * unit;
  }

  private Volume fitted(Volume v, int most) {
    Size3 own = new Size3(v.depth(), v.height(), v.width());
    long patches = patches(own);
    if (patches <= most) {
      return v;
    }
    double scale = Math.pow((double) most / patches, 1.0 / 3);
    Size3 best = scaled(own, scale * SMALLER);
    long found = -1;
    for (double factor : NEARBY) {
      Size3 size = scaled(own, scale * factor);
      if (patches(size) <= most && patches(size) > found) {
        best = size;
        found = patches(size);
      }
    }
    return new ResampleTo(best, Interpolation.LINEAR).apply(v);
  }

  private long patches(Size3 size) {
    return (long) (size.depth() / multiple.depth())
        * (size.height() / multiple.height())
        * (size.width() / multiple.width());
  }

  private static Size3 scaled(Size3 size, double factor) {
    return new Size3(
        Math.max(1, (int) (size.depth() * factor)),
        Math.max(1, (int) (size.height() * factor)),
        Math.max(1, (int) (size.width() * factor)));
  }

  private static float minimum(Volume volume) {
    float minimum = Float.POSITIVE_INFINITY;
    for (float v : volume.voxels()) {
      minimum = Math.min(minimum, v);
    }
    return minimum;
  }

  /** The part of the volume that the view shows, in whole voxels of the volume. */
  private static VoxelBox source(Volume volume, Volume scan, Size3 size) {
    int[] have = {volume.depth(), volume.height(), volume.width()};
    int[] resized = {scan.depth(), scan.height(), scan.width()};
    int[] shown = {size.depth(), size.height(), size.width()};
    int[] start = new int[3];
    int[] extent = new int[3];
    for (int axis = 0; axis < 3; axis++) {
      double step = (double) have[axis] / resized[axis];
      int from = Math.max(0, (resized[axis] - shown[axis]) / 2);
      int to = Math.min(resized[axis], from + shown[axis]);
      start[axis] = (int) Math.floor(from * step);
      extent[axis] = Math.min(have[axis], (int) Math.ceil(to * step)) - start[axis];
    }
    return new VoxelBox(start[0], start[1], start[2], extent[0], extent[1], extent[2]);
  }
}
