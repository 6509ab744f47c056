package io.t3d.data.dataset;

import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * One volume–report pair.
 *
 * @param row its row in the manifest as a spreadsheet counts: the header is row 1
 * @param volume a volume file or a DICOM folder
 * @param report the report, not blank
 * @param split what it is used for
 * @param patient pairs of one patient share it; never written to messages
 * @param labels known labels by name; a name that is missing here is unknown
 * @param mask a segmentation on the volume's voxels
 */
public record ManifestRow(
    int row,
    Path volume,
    String report,
    Split split,
    String patient,
    Map<String, Boolean> labels,
    Optional<Path> mask) {
  /** Copies the labels, keeping their order. */
  public ManifestRow {
    Objects.requireNonNull(volume, "volume");
    Objects.requireNonNull(report, "report");
    Objects.requireNonNull(split, "split");
    Objects.requireNonNull(patient, "patient");
    Objects.requireNonNull(mask, "mask");
    labels = Collections.unmodifiableMap(new LinkedHashMap<>(labels));
  }

  /** The same pair in another split. */
  public ManifestRow withSplit(Split other) {
    return new ManifestRow(row, volume, report, other, patient, labels, mask);
  }

  /** The same pair with other files; a patient that the volume stood in for is named anew. */
  ManifestRow withFiles(Path newVolume, Optional<Path> newMask) {
    String who = patient.equals(volume.toString()) ? newVolume.toString() : patient;
    return new ManifestRow(row, newVolume, report, split, who, labels, newMask);
  }

  /** Row and file, but neither report nor patient. */
  @Override
  public String toString() {
    return "row " + row + " (" + volume + ")";
  }
}
