package io.t3d.data.dicomweb;

import java.time.Duration;

/**
 * Bounds on fetching one series, beside those of {@link DicomWebSettings}.
 *
 * @param bytes of all its objects together
 * @param instances objects
 * @param within from the first attempt to the last object
 */
public record RetrieveLimits(long bytes, int instances, Duration within) {
  private static final Duration LONG = Duration.ofDays(365);

  /** Checks ranges. */
  public RetrieveLimits {
    if (bytes < 1 || instances < 1) {
      throw new IllegalArgumentException(
          "RetrieveLimits.bytes and .instances must be >= 1, got " + bytes + " and " + instances);
    }
    within = within.compareTo(LONG) > 0 ? LONG : within;
  }

  /** No bounds but those of the settings. */
  public static RetrieveLimits none() {
    return new RetrieveLimits(Long.MAX_VALUE, Integer.MAX_VALUE, LONG);
  }
}
