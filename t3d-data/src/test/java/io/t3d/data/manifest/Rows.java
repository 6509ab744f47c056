package io.t3d.data.manifest;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Rows for tests. */
public final class Rows {
  private Rows() {}

  public static ManifestRow row(int number, String volume, String patient) {
    return new ManifestRow(
        number,
        Path.of(volume),
        "Report " + number,
        Split.UNASSIGNED,
        patient,
        Map.of(),
        Optional.empty());
  }

  /** Rows whose patients have the given number of scans each. */
  public static List<ManifestRow> many(int count, int scansPerPatient) {
    List<ManifestRow> rows = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      rows.add(row(i + 2, "v" + i + ".nii", "patient" + i / scansPerPatient));
    }
    return rows;
  }
}
