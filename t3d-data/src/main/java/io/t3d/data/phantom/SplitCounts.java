package io.t3d.data.phantom;

import io.t3d.core.internal.Checks;
import io.t3d.data.manifest.Split;

/**
 * Number of studies in each split.
 *
 * @param train for pre-training and for heads
 * @param validation for choices
 * @param test for reported figures
 */
public record SplitCounts(int train, int validation, int test) {
  /** Checks that each split gets some. */
  public SplitCounts {
    Checks.positive("SplitCounts.train", train);
    Checks.positive("SplitCounts.validation", validation);
    Checks.positive("SplitCounts.test", test);
  }

  /** All studies. */
  public int total() {
    return train + validation + test;
  }

  public int of(Split split) {
    return switch (split) {
      case TRAIN -> train;
      case VALIDATION -> validation;
      case TEST -> test;
      case UNASSIGNED -> 0;
    };
  }
}
