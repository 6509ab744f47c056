package io.t3d.data.phantom.generate;

import io.t3d.core.volume.Volume;
import java.util.SplittableRandom;

/** What the scanner does to the picture: blur of the kernel, noise, a calibration error. */
final class Scanner {
  private static final float LOWEST = -1024;
  private static final float HIGHEST = 3071;

  private Scanner() {}

  /** Degrades the volume in place; values are whole HU, as CT stores them. */
  static void scan(Volume volume, Acquisition acquisition) {
    float[] voxels = volume.voxels();
    int w = volume.width();
    int h = volume.height();
    float side = (float) Math.exp(-1 / (2 * acquisition.blur() * acquisition.blur()));
    blur(voxels, 1, w, side);
    blur(voxels, w, h, side);
    blur(voxels, w * h, volume.depth(), side);
    SplittableRandom random = new SplittableRandom(acquisition.noiseSeed());
    for (int n = 0; n < voxels.length; n++) {
      double v = voxels[n] + acquisition.offset() + acquisition.noise() * random.nextGaussian();
      voxels[n] = Math.max(LOWEST, Math.min(HIGHEST, (float) Math.round(v)));
    }
  }

  /** Weights (side, 1, side), normalised, along the axis of this stride; the border is repeated. */
  private static void blur(float[] voxels, int stride, int length, float side) {
    float center = 1 / (1 + 2 * side);
    for (int n = 0; n < voxels.length; n++) {
      if (n / stride % length != 0) {
        continue;
      }
      float before = voxels[n];
      for (int i = 0; i < length; i++) {
        int at = n + i * stride;
        float here = voxels[at];
        float after = i + 1 < length ? voxels[at + stride] : here;
        voxels[at] = center * (here + side * (before + after));
        before = here;
      }
    }
  }
}
