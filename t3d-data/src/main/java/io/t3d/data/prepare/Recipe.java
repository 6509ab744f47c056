package io.t3d.data.prepare;

import io.t3d.core.config.internal.LeftOutWhenEmpty;
import io.t3d.core.internal.Checks;
import io.t3d.core.volume.Spacing;
import io.t3d.core.volume.Volume;
import io.t3d.data.transform.ResampleGrid;
import java.util.Objects;
import java.util.Optional;

/**
 * Details in which the preparation of a published model differs from ours, so that it sees volumes
 * as in its training. {@link #defaults()} is our own way, and a key that is left out of a settings
 * file is as there.
 *
 * @param grid where resampled voxels lie
 * @param windowFirst whether the window is applied before resampling and not after
 * @param fit how the size is reached
 * @param factor values are multiplied by this at the very end; 2 with offset −1 makes [0, 1] of a
 *     window to [−1, 1]
 * @param offset is added then
 * @param finestSpacing mm: where {@link Preprocessing#spacing()} is left out, voxels become cubes
 *     of the volume's smallest spacing, but not below this; a volume whose voxels are cubes stays
 */
public record Recipe(
    ResampleGrid grid,
    boolean windowFirst,
    Fit fit,
    double factor,
    double offset,
    @LeftOutWhenEmpty Optional<Double> finestSpacing) {
  /** How {@link Preprocessing#size()} is reached. */
  public enum Fit {
    /** Cut or padded about the centre. */
    CROP_OR_PAD,
    /** Resized trilinearly without averaging, outer corners in place. */
    RESIZE
  }

  /** Checks that values stay finite. */
  public Recipe {
    Objects.requireNonNull(grid, "Recipe.grid");
    Objects.requireNonNull(fit, "Recipe.fit");
    if (factor == 0) {
      throw new IllegalArgumentException("Recipe.factor must not be 0: all voxels would be alike");
    }
    Checks.inRange("Recipe.factor", factor, -Float.MAX_VALUE, Float.MAX_VALUE);
    Checks.inRange("Recipe.offset", offset, -Float.MAX_VALUE, Float.MAX_VALUE);
    finestSpacing.ifPresent(mm -> Checks.positive("Recipe.finestSpacing", mm));
  }

  /** With the spacing that the preparation names. */
  public Recipe(ResampleGrid grid, boolean windowFirst, Fit fit, double factor, double offset) {
    this(grid, windowFirst, fit, factor, offset, Optional.empty());
  }

  /** Our own way. */
  public static Recipe defaults() {
    return new Recipe(ResampleGrid.CENTRE, false, Fit.CROP_OR_PAD, 1, 0);
  }

  /** The same on another grid. */
  public Recipe withGrid(ResampleGrid value) {
    return new Recipe(value, windowFirst, fit, factor, offset, finestSpacing);
  }

  /** The same with the window before resampling. */
  public Recipe withWindowFirst() {
    return new Recipe(grid, true, fit, factor, offset, finestSpacing);
  }

  /** The same with another way to the size. */
  public Recipe withFit(Fit value) {
    return new Recipe(grid, windowFirst, value, factor, offset, finestSpacing);
  }

  /** The same with values of {@code factor · v + offset} at the end. */
  public Recipe withScale(double newFactor, double newOffset) {
    return new Recipe(grid, windowFirst, fit, newFactor, newOffset, finestSpacing);
  }

  /** The same with cubic voxels of the volume's smallest spacing, but not below this many mm. */
  public Recipe withFinestSpacing(double mm) {
    return new Recipe(grid, windowFirst, fit, factor, offset, Optional.of(mm));
  }

  /** The spacing of a volume's cubic voxels; empty where it keeps its own. */
  Optional<Spacing> cubic(Spacing own) {
    return own.z() == own.y() && own.y() == own.x()
        ? Optional.empty()
        : finestSpacing.map(
            mm -> Spacing.isotropic(Math.max(mm, Math.min(own.z(), Math.min(own.y(), own.x())))));
  }

  /** Values of {@code factor · v + offset}; the input is left as it is. */
  Volume scaled(Volume volume) {
    if (factor == 1 && offset == 0) {
      return volume;
    }
    float f = (float) factor;
    float o = (float) offset;
    float[] voxels = volume.voxels().clone();
    for (int i = 0; i < voxels.length; i++) {
      voxels[i] = f * voxels[i] + o;
    }
    return volume.withVoxels(voxels);
  }
}
