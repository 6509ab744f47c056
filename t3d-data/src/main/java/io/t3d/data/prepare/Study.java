package io.t3d.data.prepare;

import io.t3d.data.manifest.Calibration;
import io.t3d.data.manifest.ManifestRow;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A volume with its mask: what is prepared as one. Rows with several reports of it share it.
 *
 * @param volume a file or folder
 * @param mask on the volume's voxels
 * @param calibration what the volume's header does not tell
 */
record Study(Path volume, Optional<Path> mask, Calibration calibration) {
  static Study of(ManifestRow row) {
    return new Study(row.volume(), row.mask(), row.calibration());
  }

  List<Path> sources() {
    List<Path> sources = new ArrayList<>(List.of(volume));
    mask.ifPresent(sources::add);
    return sources;
  }
}
