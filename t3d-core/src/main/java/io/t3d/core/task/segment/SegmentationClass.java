package io.t3d.core.task.segment;

import java.util.List;
import java.util.Objects;

/**
 * A structure to segment, with its mask values.
 *
 * @param name e.g. {@code heart}
 * @param values the values that mark it in masks, 0 not among them; predicted masks have the first
 */
public record SegmentationClass(String name, List<Integer> values) {
  /** Checks that there are values. */
  public SegmentationClass {
    Objects.requireNonNull(name, "SegmentationClass.name");
    values = List.copyOf(values);
    if (values.isEmpty() || values.stream().anyMatch(v -> v < 1 || v > 254)) {
      throw new IllegalArgumentException(
          "SegmentationClass.values must be one or more of 1..254 (0 is background, 255 marks"
              + " voxels to ignore), got "
              + values
              + " for "
              + name);
    }
  }

  /** A class of one value. */
  public static SegmentationClass of(String name, int value) {
    return new SegmentationClass(name, List.of(value));
  }
}
