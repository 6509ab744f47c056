package io.t3d.pipeline;

import ai.djl.Device;
import io.t3d.core.T3dException;
import io.t3d.core.config.Configs;
import io.t3d.core.config.OrganVit3dConfig;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.config.TextConfig;
import io.t3d.core.internal.AtomicFiles;
import io.t3d.core.internal.DidYouMean;
import io.t3d.core.internal.FolderLock;
import io.t3d.core.model.Pretrained;
import io.t3d.core.model.T3DModel;
import io.t3d.core.text.ReportTokenizer;
import io.t3d.core.torch.TorchEngine;
import io.t3d.core.torch.distributed.ProcessGroup;
import io.t3d.core.torch.distributed.internal.Agreement;
import io.t3d.core.train.BatchObjective;
import io.t3d.core.train.Checkpoint;
import io.t3d.core.train.PairSource;
import io.t3d.core.train.Pretrainer;
import io.t3d.core.train.TrainingListener;
import io.t3d.core.train.TrainingSummary;
import io.t3d.core.train.validate.EarlyStopping;
import io.t3d.data.load.VolumeReportDataset;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.view.MultiViewSampler;
import io.t3d.losses.objective.Objectives;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Pre-trains a model on the rows of a manifest. */
public final class PretrainRun {
  private static final Logger LOG = LoggerFactory.getLogger(PretrainRun.class);
  private static final long MEGABYTE = 1L << 20;

  private final PretrainConfig config;
  private final List<ManifestRow> rows;
  private final Optional<Prompts> prompts;
  private final Path out;
  private final ProcessGroup group;
  private final List<ManifestRow> validation;

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
    this(config, rows, prompts, out, ProcessGroup.single());
  }

  /**
   * Prepares a run that several workers make together; {@code data.batchSize} is the number of
   * pairs of all of them.
   *
   * @param group all workers, with the same settings and rows
   * @throws T3dException when the batch is no multiple of the workers
   */
  public PretrainRun(
      PretrainConfig config,
      List<ManifestRow> rows,
      Optional<Prompts> prompts,
      Path out,
      ProcessGroup group) {
    this(config, rows, prompts, out, group, List.of());
  }

  private PretrainRun(
      PretrainConfig config,
      List<ManifestRow> rows,
      Optional<Prompts> prompts,
      Path out,
      ProcessGroup group,
      List<ManifestRow> validation) {
    PairSource.pairsPerWorker(config.data().batchSize(), group.size());
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
    this.group = group;
    this.validation = List.copyOf(validation);
  }

  /**
   * The same run, scored on other pairs as {@code training.validation} says.
   *
   * @param pairs of the validation split. Batches are of {@code data.batchSize}, or of all pairs
   *     where these are fewer; what does not fill a batch is left out
   */
  public PretrainRun withValidation(List<ManifestRow> pairs) {
    return new PretrainRun(config, rows, prompts, out, group, pairs);
  }

  /**
   * Trains to the end.
   *
   * @param resume whether to go on from the folder's checkpoint
   * @param listener is told of each step
   */
  public TrainingSummary run(boolean resume, TrainingListener listener) throws IOException {
    return run(resume, false, listener);
  }

  /**
   * The same; may go on with other data.
   *
   * @param acceptChangedData whether a checkpoint is gone on from though the pairs, their reports
   *     or the preparation of volumes have changed; the checkpoints' provenance then says so
   * @throws T3dException when they have changed and that is not accepted; the message names what
   */
  public TrainingSummary run(boolean resume, boolean acceptChangedData, TrainingListener listener)
      throws IOException {
    return group.run(
        () -> {
          try (FolderLock.Held lock = group.rank() == 0 ? FolderLock.hold(out) : () -> {}) {
            PretrainConfig settings = StartPreparation.applied(config, out, resume, group);
            return new PretrainRun(settings, rows, prompts, out, group, validation)
                .runAlone(resume, acceptChangedData, listener);
          }
        });
  }

  /**
   * Refuses what is known to be wrong before any volume is read: validation without pairs or by a
   * score that it will not have, an encoder of organs, too few views for the objective, weights to
   * start from that are missing or do not fit, a checkpoint to go on from of other settings or
   * data. {@link #run} refuses it too, but late for those who first read all volumes to see whether
   * they can be used. With several workers each calls it.
   *
   * @param resume as in {@link #run(boolean, boolean, TrainingListener)}
   * @param acceptChangedData likewise; true also where rows may yet be left out of the run
   * @throws T3dException when the run cannot be made; the message says why
   * @throws IOException when weights or a checkpoint cannot be read
   */
  public void check(boolean resume, boolean acceptChangedData) throws IOException {
    PretrainConfig settings = StartPreparation.applied(config, out, resume, group);
    new PretrainRun(settings, rows, prompts, out, group, validation)
        .checkAlone(resume, acceptChangedData);
  }

  private void checkAlone(boolean resume, boolean acceptChangedData) throws IOException {
    StartPreparation.recover(out, resume, group);
    requireValidation(PairValidation.names(config));
    requireWholeVolumes(resume);
    Optional<Checkpoint> checkpoint = resume ? Checkpoint.open(out) : Optional.empty();
    if (checkpoint.isPresent()) {
      new Resumption(config, rows).requireSameObjective(checkpoint.get().folder());
    }
    try (T3DModel model = model(resume)) {
      Objectives.create(config.objective(), model, config.data().views().globalSize(), seed());
      checkpoint.ifPresent(c -> c.requireSame(model.config(), config.training()));
    }
    if (checkpoint.isPresent() && !acceptChangedData) {
      new Resumption(config, rows).requireSameData(checkpoint.get().folder());
    }
  }

  /** The scores that a validation will have, where a setting hangs on more than well-known ones. */
  private Set<String> scoreNames() {
    boolean asked = config.training().earlyStopping().isPresent();
    return asked ? PairValidation.names(config) : Set.of();
  }

  private TrainingSummary runAlone(
      boolean resume, boolean acceptChangedData, TrainingListener listener) throws IOException {
    requireValidation(scoreNames());
    DataConfig data = config.data();
    StartPreparation.recover(out, resume, group);
    requireWholeVolumes(resume);
    Optional<Checkpoint> checkpoint = resume ? Checkpoint.open(out) : Optional.empty();
    DataIdentity identity = new Resumption(config, rows).identity(checkpoint, acceptChangedData);
    requireSame(identity, resume);
    VolumeReportDataset source =
        pairs(rows, data.batchSize()).cacheBytes(data.cacheMegabytes() * MEGABYTE).build();
    List<String> otherwise = resume ? List.of() : StartPreparation.differences(config);
    if (!otherwise.isEmpty()) {
      LOG.warn(
          "The visual encoder of pretrained.vision was trained on other views of volumes: {}",
          String.join(", ", otherwise));
    }
    try (T3DModel model = model(resume)) {
      model.longReportsAmong(rows.stream().map(ManifestRow::report).toList()).ifPresent(LOG::warn);
      BatchObjective objective =
          Objectives.create(config.objective(), model, data.views().globalSize(), seed());
      Pretrainer.Builder run =
          Pretrainer.builder(model, objective, source)
              .config(config.training())
              .out(out)
              .workers(group)
              .attach(TrainedModel.DATA_FILE, Configs.toJson(data))
              .attach(TrainedModel.OBJECTIVE_FILE, Configs.toJson(config.objective()))
              .attach(DataIdentity.FILE, Configs.toJson(identity))
              .dataDescription(identity.description())
              .listener(listener)
              .resume(resume);
      if (config.training().validation().isPresent()) {
        VolumeReportDataset others =
            pairs(validation, Math.min(data.batchSize(), validation.size())).build();
        PairValidation scored = new PairValidation(objective, others, config.training());
        run.validation(0, scored);
      }
      prompts.ifPresent(p -> run.attach(TrainedModel.PROMPTS_FILE, Configs.toJson(p)));
      return run.build().run();
    }
  }

  private VolumeReportDataset.Builder pairs(List<ManifestRow> of, int batchSize) {
    DataConfig data = config.data();
    return VolumeReportDataset.builder()
        .rows(of)
        .preprocessing(data.preprocessing())
        .sampler(new MultiViewSampler(data.views()))
        .reports(data.reports())
        .batchSize(batchSize)
        .seed(config.training().seed())
        .threads(data.threads());
  }

  /** An encoder of organs would fail at the first batch, which has no label maps. */
  private void requireWholeVolumes(boolean resume) throws IOException {
    if (resume && Checkpoint.open(out).isPresent()) {
      return; // of a run that has begun, whose start need not be there any more
    }
    Optional<Path> start = config.pretrained().flatMap(Pretrained::vision);
    Pretrained vision = start.map(Pretrained.none()::withVision).orElse(Pretrained.none());
    if (vision.fit(config.model()).vision() instanceof OrganVit3dConfig) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "Pre-training needs an encoder of whole volumes, got one that embeds organs under label"
              + " maps (OrganVit3d): "
              + start.map(path -> path + " (pretrained.vision)").orElse("model.vision")
              + "; start from another model or leave the key out");
    }
  }

  /** Before hours are spent. */
  private void requireValidation(Set<String> scores) {
    if (config.training().validation().isPresent() && validation.isEmpty()) {
      throw new T3dException(
          T3dException.Kind.INPUT,
          "training.validation needs pairs that are not trained on, but no row is of the split"
              + " validation; give some rows split=validation, or leave the setting out");
    }
    String metric = config.training().earlyStopping().map(EarlyStopping::metric).orElse("");
    boolean recall = PairValidation.RECALLS.contains(metric);
    if (metric.isEmpty() || scores.contains(metric)) {
      return;
    }
    if (recall) {
      throw otherMetric(
          "loss or loss.PART for an objective that masks views, which has no recall", metric, "");
    }
    if (metric.startsWith(PairValidation.PART)) {
      throw otherMetric("one of " + scores, metric, DidYouMean.hint(metric, scores));
    }
    throw otherMetric("loss, loss.PART or one of " + PairValidation.RECALLS, metric, "");
  }

  private static T3dException otherMetric(String expected, String metric, String hint) {
    return new T3dException(
        T3dException.Kind.USAGE,
        "training.earlyStopping.metric must be " + expected + ", got '" + metric + "'" + hint);
  }

  /** Workers with other settings, data or checkpoints would train another model each. */
  private void requireSame(DataIdentity identity, boolean resume) throws IOException {
    if (group.size() == 1) {
      return;
    }
    Map<String, String> facts = SameStart.settings(config);
    facts.put("the pairs of the manifest", Configs.toJson(identity));
    Optional<Checkpoint> checkpoint = resume ? Checkpoint.open(out) : Optional.empty();
    facts.put("the checkpoint of --out", checkpoint.map(c -> "step " + c.step()).orElse("none"));
    Agreement.require(group, facts);
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
    TextConfig text = config.model().text().bert("A pre-training run");
    if (checkpoint.isPresent()) {
      // It has all weights: none need be read before it.
      Path folder = checkpoint.get().folder();
      return pretrained.text().isPresent() ? resumable(folder) : withItsTokenizer(folder, text);
    }
    if (pretrained.text().isPresent() || !text.tokenizer().equals("corpus")) {
      return pretrained.create(config.model(), device(), seed());
    }
    List<String> reports = rows.stream().map(ManifestRow::report).toList();
    ReportTokenizer tokenizer =
        ReportTokenizer.fromCorpus(reports, text.vocabSize(), text.maxLength());
    return pretrained.create(config.model(), tokenizer, device(), seed());
  }

  /**
   * A model of the settings with the checkpoint's tokenizer: today's reports or files might number
   * words in another way than its weights do.
   */
  private T3DModel withItsTokenizer(Path checkpoint, TextConfig own) throws IOException {
    TextConfig text = own;
    T3DConfig model = config.model();
    if (own.longReports().isEmpty() || startsFromVision()) {
      // What was read of long reports may have been the tokenizer's wish, which its file lacks.
      try (T3DModel saved = T3DModel.load(checkpoint, device())) {
        Optional<TextConfig.LongReports> cut =
            saved.config().text().bert("A pre-training run").longReports();
        boolean unsaid = own.longReports().isEmpty() && cut.isPresent();
        text = unsaid ? own.toBuilder().longReports(cut.get()).build() : own;
        model = withItsVision(saved);
      }
    }
    ReportTokenizer tokenizer =
        ReportTokenizer.fromSaved(checkpoint.resolve(ReportTokenizer.FILE_NAME), text.maxLength());
    return T3DModel.create(model.withText(text), tokenizer, device(), seed());
  }

  private boolean startsFromVision() {
    return config.pretrained().flatMap(Pretrained::vision).isPresent();
  }

  /**
   * The settings with the visual encoder of the run's own checkpoint, where that came from another
   * model's folder, which need not be there any more.
   */
  private T3DConfig withItsVision(T3DModel saved) {
    return startsFromVision() && !saved.config().vision().equals(config.model().vision())
        ? config.model().toBuilder().vision(saved.config().vision()).build()
        : config.model();
  }

  /** A model of the checkpoint's text sizes and tokenizer, so that the folder is needed no more. */
  private T3DModel resumable(Path checkpoint) throws IOException {
    try (T3DModel saved = T3DModel.load(checkpoint, device())) {
      TextConfig own = config.model().text().bert("A pre-training run");
      TextConfig text = own.withSizesOf(saved.config().text().bert("A pre-training run"));
      ReportTokenizer tokenizer =
          ReportTokenizer.fromSaved(
              checkpoint.resolve(ReportTokenizer.FILE_NAME), text.maxLength());
      return T3DModel.create(withItsVision(saved).withText(text), tokenizer, device(), seed());
    }
  }

  private Device device() {
    return config.device().map(TorchEngine::device).orElseGet(TorchEngine::defaultDevice);
  }

  private long seed() {
    return config.training().seed();
  }
}
