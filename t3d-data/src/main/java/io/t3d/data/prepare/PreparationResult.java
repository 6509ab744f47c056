package io.t3d.data.prepare;

import io.t3d.data.manifest.BadRow;
import java.nio.file.Path;
import java.util.List;

/**
 * The outcome of a {@link DatasetPreparation}.
 *
 * @param written volumes prepared now
 * @param skipped volumes that were there already
 * @param bad rows that could not be prepared, in order
 * @param bytes of all prepared volumes and masks
 * @param manifest the prepared manifest; not written when all rows are bad
 * @param quarantine the list of bad rows; not written when there are none
 */
public record PreparationResult(
    int written, int skipped, List<BadRow> bad, long bytes, Path manifest, Path quarantine) {
  /** Copies the list. */
  public PreparationResult {
    bad = List.copyOf(bad);
  }
}
