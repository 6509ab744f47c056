package io.t3d.spark;

import io.t3d.data.manifest.Calibration;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.prepare.StudyOutcome;
import io.t3d.data.prepare.StudyPreparation;
import java.nio.file.Path;
import java.util.Optional;

/** From studies that were prepared back to the rows that share them. */
final class Done {
  private Done() {}

  /** What makes rows share a study. */
  record Key(Path volume, Optional<Path> mask, Calibration calibration) {
    static Key of(ManifestRow row) {
      return new Key(row.volume(), row.mask(), row.calibration());
    }

    static Key of(StudyPreparation study) {
      return new Key(study.volume(), study.mask(), study.calibration());
    }
  }

  static PreparedStudy row(ManifestRow row, StudyPreparation study, StudyOutcome outcome) {
    PreparedStudy made = new PreparedStudy();
    made.describe(StudyLine.of(row), outcome.problem().orElse(""));
    if (outcome.problem().isEmpty()) {
      made.setPrepared(study.preparedVolume().toString());
      made.setWritten(outcome.written());
      made.setBytes(outcome.bytes());
    }
    return made;
  }
}
