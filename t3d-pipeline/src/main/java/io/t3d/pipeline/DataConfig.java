package io.t3d.pipeline;

import io.t3d.core.internal.Checks;
import io.t3d.data.load.ReportSampling;
import io.t3d.data.prepare.Preprocessing;
import io.t3d.data.view.ViewConfig;
import java.util.Objects;

/**
 * Settings for turning files into batches: preprocessing, views, sentences, batch size, threads and
 * cache.
 *
 * @param preprocessing orientation, spacing and intensity window, the same for training and
 *     evaluation
 * @param views the crops that training sees
 * @param reports the sentences that training sees
 * @param batchSize pairs per batch
 * @param threads that read and crop
 * @param cacheMegabytes preprocessed volumes kept in memory; 0 reads each volume in every epoch
 */
public record DataConfig(
    Preprocessing preprocessing,
    ViewConfig views,
    ReportSampling reports,
    int batchSize,
    int threads,
    int cacheMegabytes) {
  /** Checks sizes. */
  public DataConfig {
    Objects.requireNonNull(preprocessing, "data.preprocessing");
    Objects.requireNonNull(views, "data.views");
    Objects.requireNonNull(reports, "data.reports");
    Checks.inRange("data.batchSize", batchSize, 2, 65536);
    Checks.positive("data.threads", threads);
    Checks.inRange("data.cacheMegabytes", cacheMegabytes, 0, 1e9);
  }

  /** The same with other preparation of volumes. */
  public DataConfig withPreprocessing(Preprocessing other) {
    return new DataConfig(other, views, reports, batchSize, threads, cacheMegabytes);
  }
}
