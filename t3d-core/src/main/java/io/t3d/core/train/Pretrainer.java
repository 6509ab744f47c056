package io.t3d.core.train;

import io.t3d.core.T3dException;
import io.t3d.core.config.Configs;
import io.t3d.core.internal.Checks;
import io.t3d.core.internal.DidYouMean;
import io.t3d.core.internal.FolderLock;
import io.t3d.core.internal.cuda.DeviceMemory;
import io.t3d.core.model.T3DModel;
import io.t3d.core.torch.distributed.ProcessGroup;
import io.t3d.core.torch.distributed.internal.Agreement;
import io.t3d.core.torch.internal.NoGrad;
import io.t3d.core.train.internal.Ranks;
import io.t3d.core.train.internal.Switches;
import io.t3d.core.train.internal.ValidationLog;
import io.t3d.core.train.internal.WeightAverage;
import io.t3d.core.train.optim.LrSchedule;
import io.t3d.core.train.validate.EarlyStopping;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Pre-trains a model: runs the training loop, writes checkpoints and logs.
 *
 * <pre>{@code
 * TrainingSummary summary =
 *     Pretrainer.builder(model, objective, source)
 *         .config(TrainingConfig.builder().epochs(20).build())
 *         .out(Path.of("out"))
 *         .dataDescription("phantoms, 64 pairs")
 *         .resume(true)
 *         .build()
 *         .run();
 * }</pre>
 *
 * <p>The output folder gets {@code checkpoint/} (see {@link Checkpoint}), {@code log.csv} and
 * {@code log.jsonl}, {@code checkpoints/epoch-NNNN} where {@link TrainingConfig#keepEveryEpochs()}
 * asks for them, {@code validation.csv} with {@link TrainingConfig#validation()} and {@code
 * checkpoints/best} with {@link TrainingConfig#earlyStopping()}. A run that is stopped at any time
 * and resumed gives the same weights as one that was not: dropout depends on the seed, the step and
 * the batch alone, as the batches of a {@link PairSource} do.
 */
public final class Pretrainer {
  private static final Logger LOG = LoggerFactory.getLogger(Pretrainer.class);

  private final T3DModel model;
  private final BatchObjective objective;
  private final PairSource source;
  private final TrainingConfig config;
  private final Path out;
  private final String dataDescription;
  private final boolean resume;
  private final Map<String, String> attachments;
  private final List<TrainingListener> listeners;
  private final Validation validation;
  private final int validateEverySteps;
  private final Ranks ranks;

  /** Scores a model while it is being trained. */
  @FunctionalInterface
  public interface Validation {
    /**
     * Scores the model, e.g. by retrieval on pairs that are not trained on.
     *
     * @param model as a checkpoint of this step would open: with the averaged weights, if the
     *     settings ask for an average. Use its inference, {@code encodeVolumes} and the like, or
     *     {@code forward} without training; no gradient is recorded
     * @return name → score, in the order to show; names may change from one validation to the next
     */
    Map<String, Double> of(T3DModel model) throws IOException;
  }

  private Pretrainer(Builder builder) {
    this.model = builder.model;
    this.objective = builder.objective;
    ProcessGroup group = builder.group;
    this.source =
        group.size() > 1 ? builder.source.ofWorker(group.rank(), group.size()) : builder.source;
    this.config = builder.config;
    TrainingStep.ofParts(objective, config);
    this.out = Objects.requireNonNull(builder.out, "Pretrainer needs an output folder: out(Path)");
    this.dataDescription = builder.dataDescription;
    this.resume = builder.resume;
    this.attachments = Map.copyOf(builder.attachments);
    this.listeners = group.rank() == 0 ? List.copyOf(builder.listeners) : List.of();
    this.validation = builder.validation;
    this.validateEverySteps = builder.validateEverySteps;
    if (config.validation().isPresent() && validation == null) {
      throw new IllegalArgumentException(
          "TrainingConfig.validation says when to validate, but not how; give Pretrainer a"
              + " validation, or leave the setting out");
    }
    this.ranks = new Ranks(group, config.syncBatchNorm());
  }

  /**
   * Starts a builder.
   *
   * @param model trained in place; stays the caller's to close
   * @param objective what is minimised: a loss of the model's output
   * @param source the batches
   */
  public static Builder builder(T3DModel model, Objective objective, PairSource source) {
    return new Builder(model, objective, source);
  }

  /**
   * Starts a builder for an objective that runs the model itself.
   *
   * @param model trained in place; stays the caller's to close
   * @param objective what is minimised
   * @param source the batches
   */
  public static Builder builder(T3DModel model, BatchObjective objective, PairSource source) {
    return new Builder(model, objective, source);
  }

  /**
   * Trains to the end, or until a listener {@linkplain TrainingListener#wantsToStop wants to stop}
   * or {@linkplain TrainingConfig#earlyStopping() validations no longer get better}, and saves the
   * last checkpoint.
   *
   * @return losses and speed
   * @throws IOException when a checkpoint or log cannot be written or read; the last checkpoint is
   *     intact
   * @throws T3dException when another run writes into the folder, the source is empty, the
   *     checkpoint to resume from has other settings, or a run that starts anew finds kept
   *     checkpoints of another one
   * @throws T3dException also when the memory of the device or the machine runs out in a step or a
   *     validation; the message names what helps, and the last checkpoint is intact
   * @throws T3dException also when another worker has ended or failed; the message names it
   * @throws DivergedException after {@link TrainingConfig#maxBadSteps()} steps in a row without a
   *     finite loss and gradient
   */
  public TrainingSummary run() throws IOException {
    return ranks.group().run(this::train);
  }

  private TrainingSummary train() throws IOException {
    ranks.group().requireDevice(model.device());
    if (config.frozen().contains(TrainingConfig.Part.VISION)) {
      model.freezeVision();
    }
    if (config.frozen().contains(TrainingConfig.Part.TEXT)) {
      model.freezeText();
    }
    config.lora().ifPresent(lora -> model.addLora(lora, config.seed()));
    try (FolderLock.Held lock = ranks.first() ? FolderLock.join(out) : () -> {};
        Switches switches = new Switches(config.tf32(), config.deterministic());
        Trained trained = new Trained(model, objective, config)) {
      return new Run(trained, agreedState(trained)).toTheEnd();
    }
  }

  /** The state of rank 0, and its weights and moments in all workers. */
  private TrainerState agreedState(Trained trained) throws IOException {
    if (!ranks.several()) {
      return startState(trained);
    }
    Map<String, String> facts = new LinkedHashMap<>();
    Provenance.findVersions().forEach((name, version) -> facts.put("version." + name, version));
    facts.remove("version.java");
    facts.put("model", Configs.toJson(model.config()));
    facts.put("training", Configs.toJson(config));
    facts.put("data.batchesPerEpoch", Integer.toString(source.batchesPerEpoch()));
    Agreement.require(ranks.group(), facts);
    String own = ranks.first() ? Configs.toJson(startState(trained)) : "";
    TrainerState state = Configs.fromJson(ranks.ofFirst(own), TrainerState.class);
    ranks.broadcast(model.manager(), trained.arrays());
    trained.optimizer().restore(trained.optimizer().state(), state.updates());
    return state;
  }

  private TrainerState startState(Trained trained) throws IOException {
    if (source.batchesPerEpoch() < 1) {
      throw new T3dException(
          T3dException.Kind.INPUT,
          "The source must have at least one batch per epoch, got "
              + source.batchesPerEpoch()
              + "; add pairs, lower the batch size, or let the last batch be smaller");
    }
    TrainerState start = TrainerState.start(model.config(), config, source.batchesPerEpoch());
    Optional<Checkpoint> checkpoint = resume ? Checkpoint.open(out) : Optional.empty();
    if (checkpoint.isEmpty()) {
      requireNoneKept();
      return start;
    }
    checkpoint.get().requireSame(start);
    checkpoint.get().restore(trained);
    TrainerState state = checkpoint.get().state();
    state.forgottenBy(config).ifPresent(LOG::warn);
    return state.watchedBy(config);
  }

  /** Kept checkpoints of two runs in one folder could not be told apart. */
  private void requireNoneKept() throws IOException {
    List<Path> kept = new ArrayList<>(Checkpoint.kept(out).values());
    if (Files.exists(Checkpoint.bestFolderOf(out))) {
      kept.add(Checkpoint.bestFolderOf(out));
    }
    if (!kept.isEmpty()) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "A new run needs an output folder without kept checkpoints, got "
              + kept
              + " of another run; move them away, or choose another output folder");
    }
  }

  /** The state of one call of {@link #run}. */
  private final class Run {
    private final Trained trained;
    private final TrainingStep stepper;
    private final LrSchedule schedule;
    private final Optional<TrainingLog> log; // of rank 0
    private final Optional<ValidationLog> validationLog; // likewise
    private final Provenance provenance;
    private final long started = System.nanoTime();
    private TrainerState state;
    private int savedStep;
    private long pairs;
    private boolean stopped;

    Run(Trained trained, TrainerState state) throws IOException {
      this.trained = trained;
      this.state = state;
      this.savedStep = state.step();
      this.stepper = new TrainingStep(model, objective, trained.optimizer(), config, ranks.group());
      this.schedule = config.schedule(state.totalSteps());
      this.log =
          ranks.first() ? Optional.of(TrainingLog.open(out, state.step())) : Optional.empty();
      int validated = state.unvalidated().isPresent() ? state.step() - 1 : state.step();
      this.validationLog =
          ranks.first() && config.validation().isPresent()
              ? Optional.of(ValidationLog.open(out, validated))
              : Optional.empty();
      this.provenance = Provenance.capture(dataDescription, model, config, ranks.group().size());
    }

    TrainingSummary toTheEnd() throws IOException {
      listeners.forEach(l -> l.onStart(state.step(), state.totalSteps()));
      catchUp();
      while (!stopped && state.step() < state.totalSteps()) {
        epoch(state.epoch());
      }
      double seconds = (System.nanoTime() - started) / 1e9;
      return new TrainingSummary(
          mean(state.firstLosses()),
          mean(state.lastLosses()),
          state.step(),
          pairs / seconds,
          state.skippedSteps(),
          stopped);
    }

    /** Does what a run that was killed just after it had written this step's checkpoint did not. */
    private void catchUp() throws IOException {
      boolean epochEnds = state.step() % state.stepsPerEpoch() == 0;
      if (state.unvalidated().isPresent() && wantsValidation(epochEnds)) {
        validate();
        if (ranks.first()) {
          Checkpoint.note(out, state);
        }
      }
      if (ranks.first() && endsAKeptEpoch() && !Checkpoint.kept(out).containsKey(state.epoch())) {
        Checkpoint.keep(out, state.epoch());
      }
      if (ranks.first() && isBest()) {
        Checkpoint.keepBest(out);
      }
      stopped = ranks.ofFirst(model.manager(), endsEarly());
    }

    private void epoch(int epoch) throws IOException {
      try (PairSource.Batches batches = stepper.ahead(source.epoch(epoch, state.batchInEpoch()))) {
        while (!stopped && state.epoch() == epoch) {
          step(epoch, batches);
          boolean last = state.epoch() != epoch;
          boolean scored = wantsValidation(last);
          boolean written = scored && wantsCheckpoint(last);
          if (written) { // before the validation, whose failure then loses no step
            state = state.beforeValidation();
            write();
          }
          boolean better = scored && validate();
          boolean wanted = listeners.stream().anyMatch(TrainingListener::wantsToStop);
          stopped = ranks.ofFirst(model.manager(), wanted || endsEarly());
          if (written) {
            note();
          } else if (better || wantsCheckpoint(last)) {
            write();
            keep();
          }
        }
      }
      if (state.epoch() != epoch) {
        listeners.forEach(l -> l.onEpoch(epoch, state.step()));
      }
    }

    private boolean wantsValidation(boolean epochEnds) {
      if (validation == null) {
        return false;
      }
      if (config.validation().isPresent()) {
        return config
            .validation()
            .get()
            .isDue(state.step(), state.stepsPerEpoch(), state.totalSteps());
      }
      return validateEverySteps > 0 ? isDue(validateEverySteps) : epochEnds;
    }

    /** Whether the scores were the best so far, of those that early stopping looks at. */
    private boolean validate() throws IOException {
      state = state.validated();
      if (!ranks.first()) {
        return false;
      }
      Map<String, Double> scores;
      trained.average().ifPresent(WeightAverage::exchange);
      try (NoGrad constant = new NoGrad()) {
        scores = validation.of(model);
      } catch (RuntimeException e) {
        throw withinMemory(e);
      } finally {
        trained.average().ifPresent(WeightAverage::exchange);
      }
      if (validationLog.isPresent()) {
        validationLog
            .get()
            .append(state.step(), (state.step() - 1) / state.stepsPerEpoch(), scores);
      }
      listeners.forEach(l -> l.onValidation(scores, state.step()));
      if (config.earlyStopping().isPresent()) {
        note(config.earlyStopping().get(), scores);
      }
      return isBest();
    }

    private RuntimeException withinMemory(RuntimeException e) {
      Optional<String> full = DeviceMemory.exhausted(e);
      return full.isEmpty()
          ? e
          : new T3dException(
              T3dException.Kind.ENVIRONMENT,
              String.format(
                  "The validation after step %d failed: %s. Resume without training.validation, or"
                      + " train anew with smaller batches. %s",
                  state.step(), full.get(), lastCheckpoint()),
              e);
    }

    private void note(EarlyStopping stopping, Map<String, Double> scores) {
      Double score = scores.get(stopping.metric());
      if (score == null) {
        throw new T3dException(
            T3dException.Kind.USAGE,
            "training.earlyStopping.metric must be one of the validation's scores "
                + scores.keySet()
                + ", got '"
                + stopping.metric()
                + "'"
                + DidYouMean.hint(stopping.metric(), scores.keySet()));
      }
      state = state.withBest(stopping.after(state.best(), score, state.step()));
    }

    /** Whether the validation after the step before this state was the best so far. */
    private boolean isBest() {
      return config
          .earlyStopping()
          .flatMap(stopping -> stopping.ofThisMetric(state.best()))
          .map(best -> best.step() == state.step())
          .orElse(false);
    }

    private boolean endsEarly() {
      return config.earlyStopping().map(stopping -> stopping.ends(state.best())).orElse(false);
    }

    private boolean wantsCheckpoint(boolean epochEnds) {
      if (stopped || state.step() == state.totalSteps()) {
        return true;
      }
      return config.checkpointEverySteps() == TrainingConfig.AT_END_ONLY
          ? endsAKeptEpoch()
          : epochEnds || isDue(config.checkpointEverySteps());
    }

    /** Whether the step before this state was the last of an epoch whose checkpoint stays. */
    private boolean endsAKeptEpoch() {
      int every = config.keepEveryEpochs();
      return every > 0
          && state.step() > 0
          && state.step() % state.stepsPerEpoch() == 0
          && state.epoch() % every == 0;
    }

    private boolean isDue(int everySteps) {
      return everySteps > 0 && state.step() % everySteps == 0;
    }

    private void step(int epoch, PairSource.Batches batches) throws IOException {
      long begin = System.nanoTime();
      int step = state.step();
      double rate = schedule.at(step);
      ProcessGroup.Traffic before = ranks.group().traffic();
      int left = source.batchesPerEpoch() - state.batchInEpoch();
      Watched seen = new Watched(batches);
      TrainingStep.Result result = run(step, rate, seen, Math.min(left, config.accumulation()));
      boolean good = result.finite();
      if (good) {
        trained.average().ifPresent(average -> average.update(state.updates()));
      }
      state = good ? state.afterUpdate(result.loss()) : state.afterSkipped();
      pairs += result.pairs();
      double speed = result.pairs() / ((System.nanoTime() - begin) / 1e9);
      StepRecord record =
          new StepRecord(
              step + 1,
              epoch,
              rate,
              result.loss(),
              result.parts(),
              result.gradNorm(),
              speed,
              ranks.group().traffic().since(before),
              !good);
      if (log.isPresent()) {
        log.get().append(record);
      }
      listeners.forEach(l -> l.onStep(record));
      seen.last.ifPresent(batch -> listeners.forEach(l -> l.onBatch(batch, record.step())));
      if (state.badInRow() >= config.maxBadSteps()) {
        throw diverged(record);
      }
    }

    private TrainingStep.Result run(int step, double rate, Watched batches, int count) {
      try {
        return stepper.run(step, rate, batches, count);
      } catch (RuntimeException e) {
        Optional<String> full = DeviceMemory.exhausted(e);
        if (full.isEmpty()) {
          throw e;
        }
        throw new T3dException(
            T3dException.Kind.ENVIRONMENT,
            String.format(
                "Training stopped at step %d, %s: %s. %s. %s",
                step + 1, batches.told(), full.get(), smallerSteps(), lastCheckpoint()),
            e);
      }
    }

    /** What makes a step smaller, of that which is not on yet. */
    private String smallerSteps() {
      List<String> ways = new ArrayList<>();
      if (objective instanceof Objective) {
        ways.add(
            config.microBatch() == 0
                ? "set training.microBatch, which keeps the loss over the whole batch"
                : "lower training.microBatch, now " + config.microBatch());
      }
      if (!config.checkpointActivations()) {
        ways.add("set training.checkpointActivations: true");
      }
      ways.add("lower data.batchSize");
      String all = String.join(", or ", ways);
      return all.substring(0, 1).toUpperCase(Locale.ROOT) + all.substring(1);
    }

    private String lastCheckpoint() {
      return savedStep > 0
          ? "The last checkpoint, of step " + savedStep + ", is intact"
          : "No checkpoint was saved yet";
    }

    private DivergedException diverged(StepRecord record) {
      return new DivergedException(
          String.format(
              "Training stopped at step %d: %d steps in a row without a finite loss and gradient"
                  + " (loss %s, gradient norm %s, parts %s). %s. Lower learningRate, or look for NaN"
                  + " in the volumes",
              record.step(),
              state.badInRow(),
              record.loss(),
              record.gradNorm(),
              record.parts(),
              lastCheckpoint()));
    }

    private void write() throws IOException {
      if (ranks.first()) {
        Checkpoint.save(out, trained, state, provenance, attachments);
      }
      savedStep = state.step();
    }

    /** Completes a checkpoint that was written before a validation. */
    private void note() throws IOException {
      if (ranks.first()) {
        Checkpoint.note(out, state);
      }
      keep();
    }

    /** Keeps the checkpoint that was written where it is to stay; listeners are told of it. */
    private void keep() throws IOException {
      if (!ranks.first()) {
        return;
      }
      if (endsAKeptEpoch()) {
        Checkpoint.keep(out, state.epoch());
      }
      if (isBest()) {
        Checkpoint.keepBest(out);
      }
      listeners.forEach(l -> l.onCheckpoint(Checkpoint.folderOf(out), savedStep));
    }

    private double mean(List<Double> losses) {
      return losses.stream().mapToDouble(Double::doubleValue).average().orElse(Double.NaN);
    }
  }

  /** The batches of a step, and which was the last. */
  private static final class Watched implements PairSource.Batches {
    private final PairSource.Batches batches;
    private Optional<PairBatch> last = Optional.empty();

    Watched(PairSource.Batches batches) {
      this.batches = batches;
    }

    String told() {
      return last.map(
              batch -> {
                int views = batch.views().get(0).size();
                return batch.size() + " pairs of " + views + (views == 1 ? " view" : " views");
              })
          .orElse("before its first batch");
    }

    @Override
    public boolean hasNext() {
      return batches.hasNext();
    }

    @Override
    public PairBatch next() {
      if (!batches.hasNext()) {
        throw new IllegalStateException(
            "The source ended its epoch early: PairSource.epoch(epoch, firstBatch) must give the"
                + " batches from firstBatch to batchesPerEpoch(), got "
                + batches.getClass().getName()
                + ", which has no more");
      }
      last = Optional.of(batches.next());
      return last.get();
    }

    @Override
    public void close() {
      batches.close();
    }
  }

  /** Sets what a run needs. */
  public static final class Builder {
    private final T3DModel model;
    private final BatchObjective objective;
    private final PairSource source;
    private final Map<String, String> attachments = new LinkedHashMap<>();
    private final List<TrainingListener> listeners = new ArrayList<>();
    private TrainingConfig config = TrainingConfig.defaults();
    private Path out;
    private String dataDescription = "not described";
    private boolean resume;
    private Validation validation;
    private int validateEverySteps;
    private ProcessGroup group = ProcessGroup.single();

    private Builder(T3DModel model, BatchObjective objective, PairSource source) {
      this.model = Objects.requireNonNull(model, "model");
      this.objective = Objects.requireNonNull(objective, "objective");
      this.source = Objects.requireNonNull(source, "source");
    }

    /** Settings of the run; {@link TrainingConfig#defaults()} unless set. */
    public Builder config(TrainingConfig value) {
      config = Objects.requireNonNull(value, "config");
      return this;
    }

    /** Output folder, made when missing. Required. */
    public Builder out(Path folder) {
      out = folder;
      return this;
    }

    /** What the data is, for the provenance. */
    public Builder dataDescription(String text) {
      dataDescription = Objects.requireNonNull(text, "dataDescription");
      return this;
    }

    /** Whether to go on from the checkpoint in the output folder, if there is one. */
    public Builder resume(boolean value) {
      resume = value;
      return this;
    }

    /**
     * A text that every checkpoint holds as a file, e.g. the preprocessing's settings.
     *
     * @throws IllegalArgumentException when the name is a path or one of the checkpoint's own
     */
    public Builder attach(String fileName, String text) {
      Checkpoint.checkAttachment(fileName);
      attachments.put(fileName, Objects.requireNonNull(text, "text"));
      return this;
    }

    /**
     * Scores the model as training goes on; listeners are told.
     *
     * @param everySteps steps between two validations; 0 for one at the end of each epoch. Where
     *     {@link TrainingConfig#validation()} is set, that says when instead
     * @param value what is run; training goes on as if it had not been
     */
    public Builder validation(int everySteps, Validation value) {
      Checks.inRange("everySteps", everySteps, 0, Integer.MAX_VALUE);
      validateEverySteps = everySteps;
      validation = Objects.requireNonNull(value, "validation");
      return this;
    }

    /**
     * Trains together with other workers, each of which runs a pretrainer with the same settings,
     * objective and source: each takes its part of every batch ({@link PairSource#ofWorker}), and
     * the steps are those of one worker with the whole batch. Rank 0 alone writes into the output
     * folder, validates and has its listeners told; its weights count at the start. Where this
     * worker fails, the others are told why.
     *
     * @param workers stays the caller's to close
     */
    public Builder workers(ProcessGroup workers) {
      group = Objects.requireNonNull(workers, "workers");
      return this;
    }

    /** Adds a listener. */
    public Builder listener(TrainingListener listener) {
      listeners.add(Objects.requireNonNull(listener, "listener"));
      return this;
    }

    /**
     * Builds.
     *
     * @throws NullPointerException without an output folder
     * @throws IllegalArgumentException when {@link TrainingConfig#microBatch} is set for what is no
     *     {@link Objective}
     */
    public Pretrainer build() {
      return new Pretrainer(this);
    }
  }
}
