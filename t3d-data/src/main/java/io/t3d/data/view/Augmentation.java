package io.t3d.data.view;

import io.t3d.core.internal.Checks;

/**
 * Random changes to a view besides its crop: flips, noise, intensity. Each view draws its own.
 *
 * <p>Flips are off by default: reports tell left from right and upper from lower ("nodule in the
 * right upper lobe"), so a flipped volume no longer fits its report.
 *
 * @param flipZ mirror along depth in half of the views
 * @param flipY mirror along height in half of the views
 * @param flipX mirror along width in half of the views
 * @param intensityScale values are multiplied by a factor from [1 − s, 1 + s]; in [0, 1)
 * @param intensityShift a value from [−s, s] is added, in units of the volume; ≥ 0
 * @param noiseStd standard deviation of Gaussian noise, in units of the volume; ≥ 0
 */
public record Augmentation(
    boolean flipZ,
    boolean flipY,
    boolean flipX,
    double intensityScale,
    double intensityShift,
    double noiseStd) {
  /** Checks ranges. */
  public Augmentation {
    if (!(intensityScale >= 0 && intensityScale < 1)) {
      throw new IllegalArgumentException(
          "Augmentation.intensityScale must be in [0, 1), got " + intensityScale);
    }
    Checks.inRange("Augmentation.intensityShift", intensityShift, 0, Float.MAX_VALUE);
    Checks.inRange("Augmentation.noiseStd", noiseStd, 0, Float.MAX_VALUE);
  }

  /** Crops only. */
  public static Augmentation none() {
    return new Augmentation(false, false, false, 0, 0, 0);
  }

  /** Mild changes of brightness, contrast and noise for volumes windowed to [0, 1]; no flips. */
  public static Augmentation mild() {
    return new Augmentation(false, false, false, 0.1, 0.05, 0.01);
  }

  /** The same with other flips. */
  public Augmentation withFlips(boolean z, boolean y, boolean x) {
    return new Augmentation(z, y, x, intensityScale, intensityShift, noiseStd);
  }
}
