package io.t3d.pipeline.organ;

/** What the values of a label map mean. */
public enum OrganLabels {
  /**
   * Those of TotalSegmentator 2 in one file of many labels ({@code --ml}), e.g. 10 to 14 for the
   * lobes of the lung; the model's settings say which of them are of which organ. Version 1 counts
   * otherwise.
   */
  TOTAL_SEGMENTATOR,
  /** 1 for the model's first organ, 2 for the second, and so on; others are no organ. */
  ORGANS
}
