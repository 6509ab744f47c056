package io.t3d.spark;

import io.t3d.core.internal.OsPaths;
import io.t3d.core.volume.Spacing;
import io.t3d.data.io.Locations;
import io.t3d.data.manifest.Calibration;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.manifest.Origin;
import io.t3d.data.manifest.Split;
import java.io.Serializable;
import java.util.Map;
import java.util.Optional;

/**
 * A row of a manifest as it goes to an executor: without its report and without its patient.
 *
 * @param row its row in the manifest
 * @param volume absolute path
 * @param study what its data set calls it; empty when not known
 * @param split the split's name
 * @param slope of the calibration
 * @param intercept of the calibration
 * @param spacing z, y, x in mm of the calibration, or nothing
 */
record StudyLine(
    int row,
    String volume,
    String study,
    String split,
    double slope,
    double intercept,
    double[] spacing)
    implements Serializable {
  static StudyLine of(ManifestRow row) {
    Calibration c = row.calibration();
    return new StudyLine(
        row.row(),
        OsPaths.resolve(row.volume()).toString(),
        row.origin().id(),
        row.split().name(),
        c.slope(),
        c.intercept(),
        numbers(c.spacing()));
  }

  static double[] numbers(Optional<Spacing> spacing) {
    return spacing.map(s -> new double[] {s.z(), s.y(), s.x()}).orElseGet(() -> new double[0]);
  }

  static Calibration calibration(double slope, double intercept, double[] spacing) {
    Optional<Spacing> known =
        spacing.length == 0
            ? Optional.empty()
            : Optional.of(new Spacing(spacing[0], spacing[1], spacing[2]));
    return new Calibration(slope, intercept, known);
  }

  /** The row again; report, patient, labels and mask stay behind. */
  ManifestRow toRow() {
    return new ManifestRow(
        row,
        Locations.path(volume),
        "",
        Split.valueOf(split),
        "",
        Map.of(),
        Optional.empty(),
        calibration(slope, intercept, spacing),
        new Origin("", study));
  }
}
