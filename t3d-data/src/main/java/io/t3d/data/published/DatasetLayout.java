package io.t3d.data.published;

import java.io.IOException;
import java.nio.file.Path;

/** The file layout of a published dataset: finds its volumes, reports, labels and splits. */
public interface DatasetLayout {
  /** The name in the manifest's column {@code source}, e.g. {@code ct-rate}. */
  String name();

  /**
   * Lists the studies below a folder. No voxels are read. What is wrong with the tables is
   * collected in the result, all of it, rather than thrown.
   *
   * @param root the folder that the data set was downloaded to
   * @throws IOException when a file or folder cannot be read at all
   */
  Reading read(Path root) throws IOException;

  /** CT-RATE, calibrated as the folder's name tells. */
  static DatasetLayout ctRate() {
    return new CtRateLayout(CalibrationSource.BY_FOLDER);
  }

  /**
   * CT-RATE (Hamamci et al. 2024, arXiv:2403.17834;
   * huggingface.co/datasets/ibrahimhamamci/CT-RATE).
   *
   * @param calibration where rescale values and spacing come from
   */
  static DatasetLayout ctRate(CalibrationSource calibration) {
    return new CtRateLayout(calibration);
  }

  /** BIMCV-R (Chen et al. 2024, arXiv:2403.15992; huggingface.co/datasets/cyd0806/BIMCV-R). */
  static DatasetLayout bimcvR() {
    return new BimcvRLayout();
  }

  /** INSPECT (Huang et al. 2023, arXiv:2311.10798; som-shahlab/INSPECT_public). */
  static DatasetLayout inspect() {
    return new InspectLayout();
  }

  /**
   * RAD-ChestCT (Draelos et al. 2021, doi:10.1016/j.media.2020.101857; zenodo.org/records/6406114).
   */
  static DatasetLayout radChestCt() {
    return new RadChestCtLayout();
  }

  /** Where CT-RATE's rescale values and spacing come from. */
  enum CalibrationSource {
    /** The metadata table for {@code train} and {@code valid}, else the header. */
    BY_FOLDER,
    /** The metadata table. */
    METADATA,
    /** The header. */
    HEADER
  }
}
