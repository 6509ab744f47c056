package io.t3d.data.manifest;

import io.t3d.core.volume.Volume;
import io.t3d.data.io.VolumeReaders;
import io.t3d.data.io.spi.VolumeInfo;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * One volume–report pair, or a labelled volume of a manifest without reports.
 *
 * @param row its row in the manifest as a spreadsheet counts: the header is row 1
 * @param volume a volume file or a DICOM folder
 * @param report the report; empty only when the manifest has no column of reports
 * @param split what it is used for
 * @param patient pairs of one patient share it; never written to messages
 * @param labels known labels by name; a name that is missing here is unknown
 * @param mask a segmentation on the volume's voxels
 * @param calibration what the volume's header does not tell
 * @param origin the data set that the pair comes from
 */
public record ManifestRow(
    int row,
    Path volume,
    String report,
    Split split,
    String patient,
    Map<String, Boolean> labels,
    Optional<Path> mask,
    Calibration calibration,
    Origin origin) {
  /** Copies the labels, keeping their order. */
  public ManifestRow {
    Objects.requireNonNull(calibration, "calibration");
    Objects.requireNonNull(origin, "origin");
    Objects.requireNonNull(volume, "volume");
    Objects.requireNonNull(report, "report");
    Objects.requireNonNull(split, "split");
    Objects.requireNonNull(patient, "patient");
    Objects.requireNonNull(mask, "mask");
    labels = Collections.unmodifiableMap(new LinkedHashMap<>(labels));
  }

  /** A pair whose volume's header is right, of unknown origin. */
  public ManifestRow(
      int row,
      Path volume,
      String report,
      Split split,
      String patient,
      Map<String, Boolean> labels,
      Optional<Path> mask) {
    this(row, volume, report, split, patient, labels, mask, Calibration.none(), Origin.unknown());
  }

  /** The same pair in another split. */
  public ManifestRow withSplit(Split other) {
    return new ManifestRow(row, volume, report, other, patient, labels, mask, calibration, origin);
  }

  /** Reads the volume, calibrated. */
  public Volume readVolume() throws IOException {
    return calibration.apply(VolumeReaders.read(volume));
  }

  /** Reads the volume's geometry only, calibrated. */
  public VolumeInfo readInfo() throws IOException {
    return calibration.apply(VolumeReaders.info(volume));
  }

  /**
   * The same pair with other, calibrated files; a patient that the volume stood in for is named
   * anew.
   */
  public ManifestRow withFiles(Path newVolume, Optional<Path> newMask) {
    String who = patient.equals(volume.toString()) ? newVolume.toString() : patient;
    return new ManifestRow(
        row, newVolume, report, split, who, labels, newMask, Calibration.none(), origin);
  }

  /** Row and file, but neither report nor patient. */
  @Override
  public String toString() {
    return "row " + row + " (" + volume + ")";
  }
}
