package io.t3d.data.transform;

import io.t3d.core.volume.Volume;

/** A deterministic transform of a volume; the input is left unchanged. */
@FunctionalInterface
public interface Transform {
  /** Applies the step. */
  Volume apply(Volume volume);

  /** This step, then the other. */
  default Transform then(Transform next) {
    return v -> next.apply(apply(v));
  }
}
