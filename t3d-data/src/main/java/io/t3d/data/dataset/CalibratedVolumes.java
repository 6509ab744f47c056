package io.t3d.data.dataset;

import io.t3d.core.volume.Volume;
import java.io.IOException;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Reads volumes as their rows say that they are to be read. */
final class CalibratedVolumes implements VolumeLoader {
  private final Map<Path, Calibration> calibrations = new HashMap<>();
  private final VolumeLoader files;

  /**
   * Notes how each volume is calibrated.
   *
   * @throws IllegalArgumentException when two rows say it differently of one volume: caches know
   *     volumes by their path
   */
  CalibratedVolumes(List<ManifestRow> rows, VolumeLoader files) {
    this.files = files;
    for (ManifestRow row : rows) {
      Calibration other = calibrations.putIfAbsent(row.volume(), row.calibration());
      if (other != null && !other.equals(row.calibration())) {
        throw new IllegalArgumentException(
            row + " has another slope, intercept or spacing than an earlier row of this volume");
      }
    }
  }

  @Override
  public Volume load(Path path) throws IOException {
    return calibrations.getOrDefault(path, Calibration.none()).apply(files.load(path));
  }
}
