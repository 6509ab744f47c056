package io.t3d.pipeline;

import ai.djl.Device;
import io.t3d.core.T3dException;
import io.t3d.core.config.Configs;
import io.t3d.core.config.TextConfig;
import io.t3d.core.internal.AtomicFiles;
import io.t3d.core.model.Pretrained;
import io.t3d.core.model.T3DModel;
import io.t3d.core.text.ReportTokenizer;
import io.t3d.core.torch.TorchEngine;
import io.t3d.core.train.BatchObjective;
import io.t3d.core.train.Checkpoint;
import io.t3d.core.train.Pretrainer;
import io.t3d.core.train.TrainingListener;
import io.t3d.core.train.TrainingSummary;
import io.t3d.data.load.VolumeReportDataset;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.view.MultiViewSampler;
import io.t3d.losses.objective.Objectives;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/** Pre-trains a model on the rows of a manifest. */
public final class PretrainRun {
  private static final long MEGABYTE = 1L << 20;

  private final PretrainConfig config;
  private final List<ManifestRow> rows;
  private final Optional<Prompts> prompts;
  private final Path out;

  /**
   * Prepares a run on data without prompts.
   *
   * @param config all settings
   * @param rows training pairs, at least one batch
   * @param out folder for log and checkpoint
   */
  public PretrainRun(PretrainConfig config, List<ManifestRow> rows, Path out) {
    this(config, rows, Optional.empty(), out);
  }

  /**
   * Prepares a run.
   *
   * @param config all settings
   * @param rows training pairs, at least one batch
   * @param prompts of the data set, to be kept with the model
   * @param out folder for log and checkpoint
   */
  public PretrainRun(
      PretrainConfig config, List<ManifestRow> rows, Optional<Prompts> prompts, Path out) {
    if (rows.size() < config.data().batchSize()) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "Training needs at least one batch of "
              + config.data().batchSize()
              + " pairs, got "
              + rows.size()
              + "; add rows or lower data.batchSize");
    }
    this.config = config;
    this.rows = rows;
    this.prompts = prompts;
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
    try (T3DModel model = model(resume)) {
      BatchObjective objective =
          Objectives.create(config.objective(), model, data.views().globalSize(), seed());
      Pretrainer.Builder run =
          Pretrainer.builder(model, objective, source)
              .config(config.training())
              .out(out)
              .attach(TrainedModel.DATA_FILE, Configs.toJson(data))
              .attach(TrainedModel.OBJECTIVE_FILE, Configs.toJson(config.objective()))
              .dataDescription(rows.size() + " pairs")
              .listener(listener)
              .resume(resume);
      prompts.ifPresent(p -> run.attach(TrainedModel.PROMPTS_FILE, Configs.toJson(p)));
      return run.build().run();
    }
  }

  /**
   * Saves the model as it is before training, as a baseline: a checkpoint for evaluation, not one
   * to resume from.
   */
  public void saveUntrained() throws IOException {
    Path folder = Checkpoint.folderOf(out);
    AtomicFiles.makeFolder(folder);
    try (T3DModel model = model(false)) {
      AtomicFiles.writeText(folder.resolve(TrainedModel.DATA_FILE), Configs.toJson(config.data()));
      model.save(folder);
    }
  }

  private T3DModel model(boolean resume) throws IOException {
    Pretrained pretrained = config.pretrained().orElse(Pretrained.none());
    Optional<Checkpoint> checkpoint = resume ? Checkpoint.open(out) : Optional.empty();
    if (pretrained.text().isPresent() && checkpoint.isPresent()) {
      return resumable(checkpoint.get().folder());
    }
    // A checkpoint has all weights: none need be read before it.
    Pretrained start = checkpoint.isPresent() ? Pretrained.none() : pretrained;
    TextConfig text = config.model().text().bert("A pre-training run");
    if (start.text().isPresent() || !text.tokenizer().equals("corpus")) {
      return start.create(config.model(), device(), seed());
    }
    List<String> reports = rows.stream().map(ManifestRow::report).toList();
    ReportTokenizer tokenizer =
        ReportTokenizer.fromCorpus(reports, text.vocabSize(), text.maxLength());
    return start.create(config.model(), tokenizer, device(), seed());
  }

  /** A model of the checkpoint's text sizes and tokenizer, so that the folder is needed no more. */
  private T3DModel resumable(Path checkpoint) throws IOException {
    try (T3DModel saved = T3DModel.load(checkpoint, device())) {
      TextConfig own = config.model().text().bert("A pre-training run");
      TextConfig text = own.withSizesOf(saved.config().text().bert("A pre-training run"));
      ReportTokenizer tokenizer = ReportTokenizer.fromPretrained(checkpoint, text.maxLength());
      return T3DModel.create(config.model().withText(text), tokenizer, device(), seed());
    }
  }

  private Device device() {
    return config.device().map(TorchEngine::device).orElseGet(TorchEngine::defaultDevice);
  }

  private long seed() {
    return config.training().seed();
  }
}
