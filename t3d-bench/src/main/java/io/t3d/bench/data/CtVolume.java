package io.t3d.bench.data;

import io.t3d.core.config.Size3;
import io.t3d.core.volume.Volume;
import io.t3d.data.phantom.PhantomConfig;
import io.t3d.data.phantom.generate.PhantomGenerator;
import io.t3d.data.transform.Interpolation;
import io.t3d.data.transform.ResampleTo;
import java.util.List;
import java.util.SplittableRandom;

/**
 * A chest CT of any size: a phantom, enlarged, with the noise of a scan in whole HU. The noise is
 * what makes a CT hard to compress, so file sizes are honest.
 */
final class CtVolume {
  private static final double NOISE_HU = 20;

  private CtVolume() {}

  static Volume of(Size3 size, long seed) {
    PhantomConfig standard = PhantomConfig.standard();
    PhantomConfig fine = new PhantomConfig(3, 3, 0, 0, List.of("RAS"), standard.prevalence());
    Volume phantom = new PhantomGenerator(fine).generate(seed).volume();
    Volume volume = new ResampleTo(size, Interpolation.LINEAR).apply(phantom);
    SplittableRandom random = new SplittableRandom(seed);
    float[] voxels = volume.voxels();
    for (int i = 0; i < voxels.length; i++) {
      voxels[i] = Math.round(Math.max(-1024, voxels[i] + NOISE_HU * random.nextGaussian()));
    }
    return volume;
  }
}
