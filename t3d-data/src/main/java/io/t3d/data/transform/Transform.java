package io.t3d.data.transform;

import io.t3d.core.volume.Volume;

/** A deterministic step from a volume to a volume; the input is left as it is. */
@FunctionalInterface
public interface Transform {
  /** Applies the step. */
  Volume apply(Volume volume);

  /** This step, then the other. */
  default Transform then(Transform next) {
    return v -> next.apply(apply(v));
  }
}
