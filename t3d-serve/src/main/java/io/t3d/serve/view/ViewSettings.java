package io.t3d.serve.view;

import io.t3d.data.prepare.Masks;
import io.t3d.data.transform.IntensityWindow;
import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * What a {@link Viewer} shows.
 *
 * @param scan a volume that {@code VolumeReaders} reads: a file, or the folder of a DICOM series
 * @param mask a segmentation of the scan
 * @param otherGrid what becomes of a mask on another grid than the scan's
 * @param labels names of the mask's values, for the legend; values without one are numbered
 * @param window grey values at the start; chosen by the voxels when empty
 * @param port 0 for any that is free
 */
public record ViewSettings(
    Path scan,
    Optional<Path> mask,
    Masks.OtherGrid otherGrid,
    Map<Integer, String> labels,
    Optional<IntensityWindow> window,
    int port) {
  private static final int LAST_PORT = 65_535;

  /** Copies the names, checks the port. */
  public ViewSettings {
    Objects.requireNonNull(scan, "scan");
    Objects.requireNonNull(otherGrid, "otherGrid");
    labels = Map.copyOf(labels);
    if (port < 0 || port > LAST_PORT) {
      throw new IllegalArgumentException(
          "port must be between 0 (any free one) and " + LAST_PORT + ", got " + port);
    }
  }

  /** A scan without a mask, on any free port. */
  public static ViewSettings of(Path scan) {
    return new ViewSettings(
        scan, Optional.empty(), Masks.OtherGrid.REFUSE, Map.of(), Optional.empty(), 0);
  }

  /** The same with a mask on the scan's grid. */
  public ViewSettings withMask(Path segmentation) {
    return new ViewSettings(scan, Optional.of(segmentation), otherGrid, labels, window, port);
  }
}
