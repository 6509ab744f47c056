package io.t3d.losses;

import io.t3d.core.internal.Checks;

/**
 * Settings of {@link ContrastiveLoss}, the global alignment.
 *
 * @param labelSmoothing share of the target's mass that is spread over all allowed pairs, in [0, 1)
 * @param localViews whether local views too are aligned with the report; off by default, since a
 *     small crop often lacks what the report speaks of
 */
public record ContrastiveConfig(double labelSmoothing, boolean localViews) {
  /** Checks the range. */
  public ContrastiveConfig {
    Checks.inRange("ContrastiveConfig.labelSmoothing", labelSmoothing, 0, 0.999);
  }

  /** No smoothing, global views only. */
  public static ContrastiveConfig defaults() {
    return new ContrastiveConfig(0, false);
  }
}
