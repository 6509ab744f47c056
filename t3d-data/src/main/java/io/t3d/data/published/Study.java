package io.t3d.data.published;

import io.t3d.data.manifest.Calibration;
import io.t3d.data.manifest.Split;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;

/**
 * A volume of a published dataset with its report, labels and metadata.
 *
 * @param id what the set calls the volume
 * @param patient what the set calls the patient
 * @param scan reconstructions of one scan share it
 * @param volume the file
 * @param report the report; empty when the set publishes none
 * @param split the set's own split; {@link Split#UNASSIGNED} when it publishes none
 * @param labels known labels by the set's names
 * @param calibration what the file's header does not tell
 */
public record Study(
    String id,
    String patient,
    String scan,
    Path volume,
    String report,
    Split split,
    Map<String, Boolean> labels,
    Calibration calibration) {
  /** Copies the labels, keeping their order. */
  public Study {
    Objects.requireNonNull(id, "id");
    Objects.requireNonNull(patient, "patient");
    Objects.requireNonNull(scan, "scan");
    Objects.requireNonNull(volume, "volume");
    Objects.requireNonNull(report, "report");
    Objects.requireNonNull(split, "split");
    Objects.requireNonNull(calibration, "calibration");
    labels = Collections.unmodifiableMap(new LinkedHashMap<>(labels));
  }

  /** The same study in another split. */
  public Study withSplit(Split other) {
    return new Study(id, patient, scan, volume, report, other, labels, calibration);
  }
}
