package io.t3d.data.published.merge;

import io.t3d.data.io.VolumeReaders;
import io.t3d.data.io.spi.VolumeInfo;
import io.t3d.data.manifest.Calibration;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.manifest.Origin;
import io.t3d.data.manifest.Split;
import io.t3d.data.published.Study;
import java.io.IOException;
import java.util.Optional;

/**
 * A study on its way to the manifest.
 *
 * @param source the set
 * @param study what the set says
 * @param info the volume's header, calibrated
 */
record SourcedStudy(String source, Study study, VolumeInfo info) {
  /** Reads the header. */
  static SourcedStudy read(String source, Study study) throws IOException {
    Calibration calibration = study.calibration();
    return new SourcedStudy(source, study, calibration.apply(VolumeReaders.info(study.volume())));
  }

  /** The patient's id, different from those of other sets. */
  String patient() {
    return source + "/" + study.patient();
  }

  /** The scan's id, different from those of other sets. */
  String scan() {
    return source + "/" + study.scan();
  }

  Split split() {
    return study.split();
  }

  SourcedStudy withSplit(Split split) {
    return new SourcedStudy(source, study.withSplit(split), info);
  }

  /** The row of a manifest. */
  ManifestRow row(int number) {
    return new ManifestRow(
        number,
        study.volume(),
        study.report(),
        study.split(),
        patient(),
        study.labels(),
        Optional.empty(),
        study.calibration(),
        new Origin(source, study.id()));
  }
}
