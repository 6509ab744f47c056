package io.t3d.examples.run;

import ai.djl.engine.Engine;
import io.t3d.core.config.Configs;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.config.TextConfig;
import io.t3d.core.model.T3DModel;
import io.t3d.core.text.ReportTokenizer;
import io.t3d.core.train.Pretrainer;
import io.t3d.core.train.TrainingListener;
import io.t3d.core.train.TrainingSummary;
import io.t3d.data.dataset.ManifestRow;
import io.t3d.data.dataset.VolumeReportDataset;
import io.t3d.data.view.MultiViewSampler;
import io.t3d.losses.T3DObjective;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** Pre-trains a model on the rows of a manifest. */
public final class PretrainRun {
  private static final long MEGABYTE = 1L << 20;

  private final PretrainConfig config;
  private final List<ManifestRow> rows;
  private final Path out;

  /**
   * Prepares a run.
   *
   * @param config all settings
   * @param rows training pairs, at least one batch
   * @param out folder for log and checkpoint
   */
  public PretrainRun(PretrainConfig config, List<ManifestRow> rows, Path out) {
    if (rows.size() < config.data().batchSize()) {
      throw new IllegalArgumentException(
          "Training needs at least one batch of "
              + config.data().batchSize()
              + " pairs, got "
              + rows.size()
              + "; add rows or lower data.batchSize");
    }
    this.config = config;
    this.rows = rows;
    this.out = out;
  }

  /**
   * Trains to the end.
   *
   * @param resume whether to go on from the folder's checkpoint
   * @param listener is told of each step
   */
  public TrainingSummary run(boolean resume, TrainingListener listener) throws IOException {
    DataConfig data = config.data();
    VolumeReportDataset source =
        VolumeReportDataset.builder()
            .rows(rows)
            .preprocessing(data.preprocessing())
            .sampler(new MultiViewSampler(data.views()))
            .reports(data.reports())
            .batchSize(data.batchSize())
            .seed(config.training().seed())
            .threads(data.threads())
            .cacheBytes(data.cacheMegabytes() * MEGABYTE)
            .build();
    try (T3DModel model = model()) {
      return Pretrainer.builder(model, new T3DObjective(config.objective()), source)
          .config(config.training())
          .out(out)
          .attach(TrainedModel.DATA_FILE, Configs.toJson(data))
          .attach("objective.json", Configs.toJson(config.objective()))
          .dataDescription(rows.size() + " pairs")
          .listener(listener)
          .resume(resume)
          .build()
          .run();
    }
  }

  private T3DModel model() {
    T3DConfig model = config.model();
    long seed = config.training().seed();
    TextConfig text = model.text();
    if (!text.tokenizer().equals("corpus")) {
      return T3DModel.create(model, Engine.getInstance().defaultDevice(), seed);
    }
    List<String> reports = rows.stream().map(ManifestRow::report).toList();
    ReportTokenizer tokenizer =
        ReportTokenizer.fromCorpus(reports, text.vocabSize(), text.maxLength());
    return T3DModel.create(model, tokenizer, Engine.getInstance().defaultDevice(), seed);
  }
}
