package io.t3d.core.model;

import ai.djl.ndarray.NDArray;
import java.util.concurrent.atomic.AtomicBoolean;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Warns of voxels that look like HU: a model takes windowed ones, about 0 to 1. */
final class RawVoxels {
  private static final Logger LOG = LoggerFactory.getLogger(RawVoxels.class);
  private static final float LIMIT = 10;

  private final AtomicBoolean looked = new AtomicBoolean();

  /** Looks at the first batch only, so that training does not wait for a device at each step. */
  void lookAt(NDArray voxels) {
    if (!looked.compareAndSet(false, true)) {
      return;
    }
    try (NDArray low = voxels.min();
        NDArray high = voxels.max()) {
      float min = low.getFloat();
      float max = high.getFloat();
      if (min < -LIMIT || max > LIMIT) {
        LOG.warn(
            "Voxels should be windowed to about 0 to 1, got {} to {}, which looks like HU; apply"
                + " the window that the model was trained with, e.g. Preprocessing.apply or"
                + " IntensityWindow",
            min,
            max);
      }
    }
  }
}
