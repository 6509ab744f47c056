package io.t3d.core.train;

import ai.djl.ndarray.NDArray;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * A loss and its named parts.
 *
 * @param total scalar, float32, differentiable
 * @param parts named scalars for the log, in order; not added up again
 */
public record LossTerms(NDArray total, Map<String, NDArray> parts) {
  /** Copies the map, keeping its order. */
  public LossTerms {
    parts = Collections.unmodifiableMap(new LinkedHashMap<>(parts));
  }
}
