package io.t3d.data.phantom;

import io.t3d.core.volume.Volume;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A phantom scan with its report, labels, mask and findings.
 *
 * @param volume CT in HU
 * @param mask {@link Structure#value()} of each voxel; the volume's geometry
 * @param report what a radiologist would have written
 * @param labels present or not, for each {@link FindingKind#label()}, in order
 * @param patient id; studies of one patient share the anatomy
 * @param findings the lesions
 */
public record PhantomStudy(
    Volume volume,
    Volume mask,
    String report,
    Map<String, Boolean> labels,
    String patient,
    List<Finding> findings) {
  /** Copies the collections. */
  public PhantomStudy {
    labels = Collections.unmodifiableMap(new LinkedHashMap<>(labels));
    findings = List.copyOf(findings);
  }
}
