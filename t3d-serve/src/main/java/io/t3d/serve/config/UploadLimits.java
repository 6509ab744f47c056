package io.t3d.serve.config;

import io.t3d.core.internal.Checks;

/**
 * Bounds on what a request may bring; more is refused with 413.
 *
 * @param bytes of the body
 * @param unpackedBytes of a gzip or of all files in a zip, when unpacked
 * @param entries of a zip
 */
public record UploadLimits(long bytes, long unpackedBytes, int entries) {
  /** Checks ranges. */
  public UploadLimits {
    Checks.positive("UploadLimits.bytes", bytes);
    Checks.positive("UploadLimits.unpackedBytes", unpackedBytes);
    Checks.positive("UploadLimits.entries", entries);
  }

  /** 512 MiB, 1 GiB unpacked, 5000 files: a chest CT of 1 mm is a tenth of it. */
  public static UploadLimits defaults() {
    return new UploadLimits(512L << 20, 1L << 30, 5000);
  }
}
