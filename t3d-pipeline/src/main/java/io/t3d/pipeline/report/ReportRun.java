package io.t3d.pipeline.report;

import ai.djl.ndarray.NDManager;
import com.google.common.collect.Streams;
import io.t3d.core.generate.Decoding;
import io.t3d.core.internal.AtomicFiles;
import io.t3d.core.nn.VisionEncoder.VisualTokens;
import io.t3d.core.task.TaskTraining;
import io.t3d.core.task.report.GeneratedReport;
import io.t3d.core.task.report.ReportGenerator;
import io.t3d.core.task.report.ReportLabeler;
import io.t3d.core.task.report.ReportTrainer;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.pipeline.DataConfig;
import io.t3d.pipeline.internal.MetricsFile;
import io.t3d.pipeline.internal.RowVolumes;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.function.DoubleConsumer;
import java.util.function.IntConsumer;

/**
 * Trains a report generator on the rows of a manifest and scores the reports it writes for other
 * rows.
 */
public final class ReportRun {
  /** The folder of the generator inside the folder of a run. */
  public static final String GENERATOR = "generator";

  private final ReportGenerator generator;
  private final DataConfig data;

  /** Works with a generator and the preparation that its model was trained with. */
  public ReportRun(ReportGenerator generator, DataConfig data) {
    this.generator = generator;
    this.data = data;
  }

  /**
   * What metrics.json holds.
   *
   * @param volumes how many were written for
   * @param decoding how tokens were chosen, e.g. {@code Beam[width=4, …]}
   * @param finished share of the reports that ended by themselves
   * @param generated scores of the written reports
   * @param constant scores of one training report for every volume: the baseline; empty when there
   *     is no training split
   * @param training empty when the generator was loaded
   */
  public record Result(
      int volumes,
      String decoding,
      double finished,
      ReportScores generated,
      Optional<ReportScores> constant,
      Optional<ReportTrainer.Summary> training) {}

  /** The settings for phantoms: minutes on two cores. */
  public static TaskTraining training(long seed) {
    return TaskTraining.builder().learningRate(1e-3).seed(seed).build();
  }

  /** Trains the decoder; the encoder stays as it is. */
  public ReportTrainer.Summary train(
      List<ManifestRow> rows,
      int epochs,
      TaskTraining config,
      IntConsumer encoded,
      DoubleConsumer onStep)
      throws IOException {
    try (NDManager scope = generator.manager().newSubManager()) {
      VisualTokens seen = generator.encode(scope, new RowVolumes(data, rows), encoded);
      List<String> reports = rows.stream().map(ManifestRow::report).toList();
      return ReportTrainer.fit(generator, seen, reports, epochs, data.batchSize(), config, onStep);
    }
  }

  /** Writes a report for each row. */
  public List<GeneratedReport> write(List<ManifestRow> rows, Decoding decoding, IntConsumer encoded)
      throws IOException {
    try (NDManager scope = generator.manager().newSubManager()) {
      VisualTokens seen = generator.encode(scope, new RowVolumes(data, rows), encoded);
      return generator.generate(seen, decoding);
    }
  }

  /**
   * Scores written reports.
   *
   * @param train rows for the baseline; may be empty
   */
  public static Result score(
      List<GeneratedReport> written,
      List<ManifestRow> rows,
      Decoding decoding,
      List<ManifestRow> train,
      Optional<ReportTrainer.Summary> training) {
    return score(written, rows, decoding, train, training, Optional.empty());
  }

  /**
   * Scores written reports.
   *
   * @param train rows for the baseline; may be empty
   * @param labeler reads findings, for the clinical scores; the phantoms' reads theirs where there
   *     is none
   */
  public static Result score(
      List<GeneratedReport> written,
      List<ManifestRow> rows,
      Decoding decoding,
      List<ManifestRow> train,
      Optional<ReportTrainer.Summary> training,
      Optional<ReportLabeler> labeler) {
    List<String> texts = written.stream().map(GeneratedReport::text).toList();
    Optional<ReportLabeler> reads = labeler.or(() -> ReportScores.labelerOf(rows));
    Optional<ReportLabeler> ofTraining = labeler.or(() -> ReportScores.labelerOf(train));
    Optional<ReportScores> constant = Optional.empty();
    if (!train.isEmpty()) {
      String report = ReportScores.constantReport(train, ofTraining);
      constant =
          Optional.of(ReportScores.of(rows.stream().map(row -> report).toList(), rows, reads));
    }
    long finished = written.stream().filter(GeneratedReport::finished).count();
    return new Result(
        rows.size(),
        decoding.toString(),
        (double) finished / rows.size(),
        ReportScores.of(texts, rows, reads),
        constant,
        training);
  }

  /** Writes {@code reports.csv} and {@code metrics.json}. */
  public static void save(
      Path dir, List<GeneratedReport> written, List<ManifestRow> rows, Result result)
      throws IOException {
    StringBuilder csv = new StringBuilder("volume,reference,generated,log_probability,finished\n");
    Streams.forEachPair(
        rows.stream(),
        written.stream(),
        (row, report) ->
            csv.append(
                String.format(
                    Locale.ROOT,
                    "%s,%s,%s,%.4f,%b%n",
                    quoted(row.volume().toString()),
                    quoted(row.report()),
                    quoted(report.text()),
                    report.logProbability(),
                    report.finished())));
    AtomicFiles.writeText(dir.resolve("reports.csv"), csv.toString());
    MetricsFile.write(dir, result);
  }

  private static String quoted(String text) {
    return '"' + text.replace("\"", "\"\"") + '"';
  }
}
