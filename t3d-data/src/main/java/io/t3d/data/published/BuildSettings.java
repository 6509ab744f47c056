package io.t3d.data.published;

import io.t3d.core.internal.Checks;
import java.util.Objects;

/**
 * Settings for merging published datasets.
 *
 * @param seed of the split of sets that publish none
 * @param validation their fraction of patients for validation, [0, 1)
 * @param test their fraction of patients for testing, [0, 1)
 * @param reconstructions which reconstructions of a scan are kept
 * @param identicalReports whether pairs of different scans with the same report are kept
 * @param skipBad whether rows with errors are left out and counted instead of stopping the build
 */
public record BuildSettings(
    long seed,
    double validation,
    double test,
    Reconstructions reconstructions,
    IdenticalReports identicalReports,
    boolean skipBad) {
  /** Which reconstructions of one scan are kept; all bear the scan's report. */
  public enum Reconstructions {
    /** All, as published: different kernels are a natural augmentation. */
    ALL,
    /** The first by name. */
    FIRST
  }

  /** What happens to reports that are the same, word for word, as that of another scan. */
  public enum IdenticalReports {
    /** Kept: "normal" reports repeat, and dropping them would shift what is normal. */
    KEEP,
    /** Only the first pair is kept, for retrieval with one right answer per query. */
    DROP
  }

  /** Checks the fractions. */
  public BuildSettings {
    Checks.inRange("BuildSettings.validation", validation, 0, 0.9);
    Checks.inRange("BuildSettings.test", test, 0, 0.9);
    Checks.inRange("BuildSettings.validation + test", validation + test, 0, 0.95);
    Objects.requireNonNull(reconstructions, "BuildSettings.reconstructions");
    Objects.requireNonNull(identicalReports, "BuildSettings.identicalReports");
  }

  /** Seed 42, a tenth each for validation and test, all pairs kept, errors stop the build. */
  public static BuildSettings defaults() {
    return new BuildSettings(42, 0.1, 0.1, Reconstructions.ALL, IdenticalReports.KEEP, false);
  }
}
