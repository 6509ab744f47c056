package io.t3d.examples.cli;

import io.t3d.data.dataset.Manifest;
import io.t3d.data.dataset.ManifestRow;
import io.t3d.data.dataset.Split;
import java.nio.file.Path;
import java.util.List;

/** What {@code --split} selects. */
final class SplitRows {
  private SplitRows() {}

  /**
   * The rows of a split.
   *
   * @param file the manifest's, for messages
   * @param split train, validation, test or all; a manifest without splits gives all rows
   * @return at least one row
   */
  static List<ManifestRow> of(Manifest manifest, Path file, String split) {
    if (split.equalsIgnoreCase("all") || !manifest.hasSplits()) {
      return manifest.rows();
    }
    for (Split s : Split.values()) {
      if (s != Split.UNASSIGNED && s.text().equalsIgnoreCase(split)) {
        List<ManifestRow> rows = manifest.select(s);
        if (rows.isEmpty()) {
          throw new IllegalArgumentException(
              file + " has no row of the split " + split + "; choose another with --split");
        }
        return rows;
      }
    }
    throw new IllegalArgumentException(
        "--split must be train, validation, test or all, got " + split);
  }
}
