package io.t3d.data.prepare.internal;

import io.t3d.core.T3dException;
import io.t3d.data.manifest.Calibration;
import io.t3d.data.manifest.ManifestRow;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** How the volumes of rows are calibrated, by their paths: caches know volumes by these. */
public final class Calibrations {
  private final Map<Path, Calibration> byVolume = new HashMap<>();

  /**
   * Notes how each volume is calibrated.
   *
   * @throws T3dException when two rows say it differently of one volume
   */
  public Calibrations(List<ManifestRow> rows) {
    for (ManifestRow row : rows) {
      Calibration other = byVolume.putIfAbsent(row.volume(), row.calibration());
      if (other != null && !other.equals(row.calibration())) {
        throw new T3dException(
            T3dException.Kind.INPUT,
            row + " has another slope, intercept or spacing than an earlier row of this volume");
      }
    }
  }

  /**
   * Fails when two rows say of one volume differently how it is calibrated.
   *
   * @throws T3dException naming the later row
   */
  public static void requireConsistent(List<ManifestRow> rows) {
    new Calibrations(rows);
  }

  /** None for a volume that no row names. */
  public Calibration of(Path volume) {
    return byVolume.getOrDefault(volume, Calibration.none());
  }
}
