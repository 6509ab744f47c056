package io.t3d.pipeline.internal;

import io.t3d.core.config.Configs;
import io.t3d.core.internal.AtomicFiles;
import java.io.IOException;
import java.nio.file.Path;

/** Writes {@code metrics.json}, the measurements of a run. */
public final class MetricsFile {
  private static final String NAME = "metrics.json";

  private MetricsFile() {}

  /**
   * Writes metrics as JSON.
   *
   * @param folder made when it is not there
   * @param metrics a record, e.g. {@code Evaluation}
   */
  public static void write(Path folder, Object metrics) throws IOException {
    AtomicFiles.writeText(folder.resolve(NAME), Configs.toJson(metrics));
  }
}
