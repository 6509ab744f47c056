package io.t3d.pipeline;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.t3d.core.T3dException;
import io.t3d.core.config.Configs;
import io.t3d.core.generate.Decoding;
import io.t3d.core.internal.AtomicFiles;
import io.t3d.core.internal.InUse;
import io.t3d.core.internal.PointerFiles;
import io.t3d.core.model.Relevance;
import io.t3d.core.model.T3DModel;
import io.t3d.core.model.T3DModelBuilder;
import io.t3d.core.task.TextScores;
import io.t3d.core.task.classify.FindingPrompts;
import io.t3d.core.task.classify.ZeroShotClassifier;
import io.t3d.core.task.internal.Embeddings;
import io.t3d.core.task.report.GeneratedReport;
import io.t3d.core.task.retrieve.ExactIndex;
import io.t3d.core.task.retrieve.Neighbours;
import io.t3d.core.torch.TorchEngine;
import io.t3d.core.volume.View;
import io.t3d.core.volume.Volume;
import io.t3d.data.io.VolumeReaders;
import io.t3d.data.prepare.PreparedVolumes;
import io.t3d.data.view.MultiViewSampler;
import io.t3d.losses.objective.ObjectiveConfig;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * A trained model ready for use: takes volume files, and returns embeddings, probabilities, reports
 * and masks.
 *
 * <pre>{@code
 * try (TrainedModel model = TrainedModel.open(Path.of("runs/a"))) {
 *   float[] vector = model.embed(Path.of("ct/study1"))[0];
 *   Map<String, Double> findings = model.zeroShot(Path.of("ct/study1"), model.prompts());
 * }
 * }</pre>
 *
 * <p>A folder that {@code T3D.pretrain} or {@code ./t3d pretrain} wrote holds the preparation of
 * volumes (orientation, spacing, window, size), what pre-training minimised and, where the data set
 * had them, prompts; all are applied here, so that nothing is fed to the model in another form than
 * it was trained on.
 *
 * <p>All methods are for inference and safe to call from many threads at once; results do not
 * depend on it. {@link #close} waits for the calls that run and frees the weights; later calls
 * fail.
 */
public final class TrainedModel implements AutoCloseable {
  /** Name of the file in a checkpoint that holds {@link DataConfig}. */
  static final String DATA_FILE = "data.json";

  /** Name of the file in a checkpoint that holds {@link ObjectiveConfig}. */
  static final String OBJECTIVE_FILE = "objective.json";

  /** Name of the file in a checkpoint that holds {@link Prompts}. */
  static final String PROMPTS_FILE = "prompts.json";

  /** Where a run keeps its checkpoint, which {@link #open} then opens. */
  private static final String WEIGHTS = "model.safetensors";

  private static final String RUN = "checkpoint";

  /** A setting that TMA had in versions whose text-informed fusion was never trained. */
  private static final String OLD_TMA = "\"textInformed\"";

  private final T3DModel model;
  private final DataConfig data;
  private final Optional<ObjectiveConfig> objective;
  private final List<FindingPrompts> prompts;
  private final Decoders decoders;

  private final InUse inUse =
      new InUse(
          "The model must be open, got a closed one; use it inside its try block, or open it again");

  private InUse.Use use() {
    return inUse.use();
  }

  /**
   * A model at hand and how its volumes are prepared, without prompts of its own.
   *
   * @param model closed with this
   * @param data how volumes are prepared
   * @param objective what pre-training minimised; empty when nobody knows
   */
  public TrainedModel(T3DModel model, DataConfig data, Optional<ObjectiveConfig> objective) {
    this(model, data, objective, List.of());
  }

  /**
   * The same with prompts.
   *
   * @param prompts of zero-shot classification
   */
  public TrainedModel(
      T3DModel model,
      DataConfig data,
      Optional<ObjectiveConfig> objective,
      List<FindingPrompts> prompts) {
    this.model = Objects.requireNonNull(model, "model");
    this.data = Objects.requireNonNull(data, "data");
    this.objective = Objects.requireNonNull(objective, "objective");
    this.prompts = List.copyOf(prompts);
    this.decoders = new Decoders(model);
  }

  /**
   * Opens a run or a checkpoint on the default device: a GPU where DJL finds one, else the CPU.
   *
   * @param folder the {@code --out} folder of a run, or its folder {@code checkpoint}
   * @throws IOException when files are missing or damaged
   */
  public static TrainedModel open(Path folder) throws IOException {
    return open(folder, TorchEngine.defaultDevice());
  }

  /**
   * Opens a run or a checkpoint.
   *
   * @param folder the {@code --out} folder of a run, or its folder {@code checkpoint}
   * @param device where the model goes
   * @throws IOException when files are missing or damaged
   */
  public static TrainedModel open(Path folder, Device device) throws IOException {
    return open(folder, T3DModel.builder().device(device));
  }

  /**
   * Opens a run or a checkpoint whose model has encoders of one's own.
   *
   * <pre>{@code
   * TrainedModel.open(folder, T3DModel.builder().vision(new MyEncoder(64)))
   * }</pre>
   *
   * @param folder the output folder of a run, its folder {@code checkpoint}, or what {@link #save}
   *     wrote
   * @param parts encoders and device, as {@link T3DModelBuilder#load} takes them
   * @throws IOException when files are missing or damaged
   */
  public static TrainedModel open(Path folder, T3DModelBuilder parts) throws IOException {
    Path checkpoint = Files.isDirectory(folder.resolve(RUN)) ? folder.resolve(RUN) : folder;
    Path dataFile = checkpoint.resolve(DATA_FILE);
    if (!Files.isDirectory(checkpoint)) {
      throw new IOException(
          "No checkpoint at " + folder + "; give the --out folder of a pretrain run");
    }
    if (!Files.exists(dataFile)) {
      throw new IOException(
          checkpoint
              + " has no "
              + DATA_FILE
              + ", which tells how volumes are prepared; t3d pretrain writes it, a Pretrainer of one's"
              + " own after attach(\"data.json\", Configs.toJson(dataConfig)); T3DModel.load does"
              + " without");
    }
    DataConfig config =
        Configs.fromJson(PointerFiles.readText(dataFile), DataConfig.class, dataFile);
    Optional<ObjectiveConfig> objective = objectiveOf(checkpoint);
    List<FindingPrompts> prompts = prompts(checkpoint.resolve(PROMPTS_FILE));
    return new TrainedModel(parts.load(checkpoint), config, objective, prompts);
  }

  /** What a checkpoint was trained to minimise; empty when it does not tell, or in an old form. */
  static Optional<ObjectiveConfig> objectiveOf(Path checkpoint) throws IOException {
    Path file = checkpoint.resolve(OBJECTIVE_FILE);
    if (!Files.exists(file)) {
      return Optional.empty();
    }
    String json = PointerFiles.readText(file);
    if (json.contains(OLD_TMA)) {
      return Optional.empty();
    }
    return Optional.of(read(file, json, ObjectiveConfig.class));
  }

  private static List<FindingPrompts> prompts(Path file) throws IOException {
    return Files.exists(file)
        ? read(file, PointerFiles.readText(file), Prompts.class).prompts()
        : List.of();
  }

  private static <T> T read(Path file, String json, Class<T> type) throws IOException {
    try {
      return Configs.fromJson(json, type);
    } catch (IllegalArgumentException e) {
      throw new IOException(
          file + " is not what t3d pretrain of this version writes: " + e.getMessage(), e);
    }
  }

  /**
   * Writes a folder that {@link #open} opens: weights, tokenizer, settings, preparation, prompts.
   *
   * @param folder made when missing; of a model that was saved there before nothing stays
   * @throws IOException when a file cannot be written; all are then the old ones. A process that is
   *     killed while the new ones are put into place leaves a folder without weights, which is
   *     refused, and never one of two models
   * @throws T3dException when the folder is that of a run, whose checkpoint {@link #open} would
   *     open
   */
  public void save(Path folder) throws IOException {
    if (Files.isDirectory(folder.resolve(RUN))) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          folder
              + " is the folder of a run, of which open(…) takes the folder "
              + RUN
              + " and not what is saved beside it; save into another folder");
    }
    Set<String> gone = new HashSet<>(); // those of a model that was saved here before
    if (objective.isEmpty()) {
      gone.add(OBJECTIVE_FILE);
    }
    if (prompts.isEmpty()) {
      gone.add(PROMPTS_FILE);
    }
    AtomicFiles.writeTogether(
        folder,
        WEIGHTS,
        gone,
        aside -> {
          try (InUse.Use use = use()) {
            model.save(aside);
          }
          AtomicFiles.writeText(aside.resolve(DATA_FILE), Configs.toJson(data));
          if (objective.isPresent()) {
            AtomicFiles.writeText(aside.resolve(OBJECTIVE_FILE), Configs.toJson(objective.get()));
          }
          if (!prompts.isEmpty()) {
            String json = Configs.toJson(new Prompts(prompts));
            AtomicFiles.writeText(aside.resolve(PROMPTS_FILE), json);
          }
        });
  }

  /** The model itself, for what has no method here; closed with this. */
  public T3DModel model() {
    return model;
  }

  /** How volumes are prepared. */
  public DataConfig data() {
    return data;
  }

  /**
   * What pre-training minimised; empty when the checkpoint does not tell, or was written by a
   * version whose TMA was another one.
   */
  public Optional<ObjectiveConfig> objective() {
    return objective;
  }

  /** The prompts of the data set it was trained on; empty when that had none. */
  public List<FindingPrompts> prompts() {
    return prompts;
  }

  /** Divisor of the cosines where tokens gather around texts, as in pre-training. */
  public double gatherTemperature() {
    return objective.orElseGet(ObjectiveConfig::t3d).gatherTemperature();
  }

  /** Whether reports had a say in pre-training; true when the checkpoint does not tell. */
  public boolean usesText() {
    return objective.map(ObjectiveConfig::usesText).orElse(true);
  }

  /**
   * Embeds volumes.
   *
   * @param volumes n files or DICOM folders
   * @return {@code [n][E]}, L2-normalised, in order
   * @throws IOException when a volume cannot be read
   */
  public float[][] embed(Path... volumes) throws IOException {
    return embed(List.of(volumes));
  }

  /**
   * Embeds volumes; the next ones are read while the model works on some.
   *
   * @param volumes n files or DICOM folders, at least one
   * @return {@code [n][E]}, L2-normalised, in order
   * @throws IOException when a volume cannot be read
   */
  public float[][] embed(List<Path> volumes) throws IOException {
    requireSome("volumes", volumes);
    try (InUse.Use use = use();
        NDManager scope = model.manager().newSubManager()) {
      NDArray rows = new Embedder(model, data).embedVolumes(scope, volumes, done -> {});
      return Embeddings.rows("volumes", rows, -1);
    }
  }

  /**
   * Reads and prepares a volume: what {@link #embedViews} takes. For callers that read on other
   * threads than the model works on; {@link #embed(List)} does both.
   *
   * @param volume a file or DICOM folder
   * @return all of the volume as the encoder gets it, without augmentation
   * @throws IOException when the volume cannot be read
   */
  public View view(Path volume) throws IOException {
    PreparedVolumes volumes = new PreparedVolumes(data.preprocessing());
    return new MultiViewSampler(data.views()).center(volumes.load(volume).readAll());
  }

  /**
   * Embeds volumes that are read already.
   *
   * @param views n of {@link #view}, at least one
   * @return {@code [n][E]}, L2-normalised, in order; one view gives the bits of {@link
   *     #embed(Path...)}, several round as their batch does
   * @throws T3dException when a vector is not finite, as of a view with NaN in it
   */
  public float[][] embedViews(List<View> views) {
    requireSome("views", views);
    try (InUse.Use use = use()) {
      return new Embedder(model, data).embedViews(views);
    }
  }

  /**
   * Embeds texts: whole reports, sentences or prompts.
   *
   * @param reports n texts, none blank
   * @return {@code [n][E]}, L2-normalised, in order
   */
  public float[][] embedReports(String... reports) {
    return embedReports(List.of(reports));
  }

  /**
   * Embeds texts: whole reports, sentences or prompts.
   *
   * @param reports n texts, at least one, none blank
   * @return {@code [n][E]}, L2-normalised, in order
   */
  public float[][] embedReports(List<String> reports) {
    requireText();
    requireSome("reports", reports);
    try (InUse.Use use = use();
        NDManager scope = model.manager().newSubManager()) {
      return Embeddings.rows("reports", model.encodeReports(scope, reports), -1);
    }
  }

  /**
   * Classifies a volume by text alone; see {@link ZeroShotClassifier}.
   *
   * @param volume a file or DICOM folder
   * @param prompts one entry per finding, e.g. {@link #prompts()} or {@link
   *     FindingPrompts#of(String)}
   * @return finding → probability, in the order of the prompts; not calibrated
   * @throws IOException when the volume cannot be read
   */
  public Map<String, Double> zeroShot(Path volume, List<FindingPrompts> prompts)
      throws IOException {
    requireText();
    requireSome("prompts", prompts);
    try (InUse.Use use = use();
        NDManager scope = model.manager().newSubManager()) {
      ZeroShotClassifier classifier =
          ZeroShotClassifier.create(
              texts -> model.encodeReports(scope, texts), prompts, model.logitScale());
      double[] found = classifier.classify(embed(volume))[0];
      Map<String, Double> out = new LinkedHashMap<>();
      for (int i = 0; i < found.length; i++) {
        out.put(classifier.findings().get(i), found[i]);
      }
      return out;
    }
  }

  /**
   * How well texts fit a volume: cosines, by the volume as a whole and by the tokens that gather
   * around each text.
   *
   * @param volume a file or DICOM folder
   * @param texts T texts, at least one, none blank
   * @throws IOException when the volume cannot be read
   */
  public TextScores score(Path volume, List<String> texts) throws IOException {
    requireText();
    requireSome("texts", texts);
    View view = view(volume);
    try (InUse.Use use = use()) {
      return TextScores.of(model, new OneView(view), texts, gatherTemperature(), done -> {});
    }
  }

  /**
   * Where in the patient tokens gather around texts.
   *
   * @param volume a file or DICOM folder
   * @param texts at least one, e.g. a sentence of a report
   * @return one entry per text, in order
   * @throws IOException when the volume cannot be read
   */
  public List<Relevance> relevance(Path volume, List<String> texts) throws IOException {
    requireText();
    requireSome("texts", texts);
    Volume seen = view(volume).crop();
    try (InUse.Use use = use()) {
      return model.relevance(seen, texts, gatherTemperature());
    }
  }

  /**
   * Finds the reports that fit a volume best, by whole-report embeddings. Reports are embedded at
   * each call: for a gallery that stays, keep {@link #embedReports} and search it with {@link
   * ExactIndex} or {@code HnswIndex}.
   *
   * @param volume a file or DICOM folder
   * @param reports n texts, at least one
   * @param k how many; at most n are found
   * @return best first
   * @throws IOException when the volume cannot be read
   */
  public List<Match> retrieve(Path volume, List<String> reports, int k) throws IOException {
    return nearest(embed(volume), embedReports(reports), k);
  }

  /**
   * Finds the volumes that fit a report best; see {@link #retrieve(Path, List, int)}.
   *
   * @param report the text
   * @param volumes n files or DICOM folders, at least one
   * @param k how many; at most n are found
   * @return best first
   * @throws IOException when a volume cannot be read
   */
  public List<Match> retrieve(String report, List<Path> volumes, int k) throws IOException {
    return nearest(embedReports(report), embed(volumes), k);
  }

  /**
   * One thing that a search found.
   *
   * @param index its position in the gallery
   * @param similarity cosine with the query
   */
  public record Match(int index, double similarity) {}

  private List<Match> nearest(float[][] query, float[][] gallery, int k) {
    try (InUse.Use use = use();
        NDManager scope = model.manager().newSubManager();
        ExactIndex index = new ExactIndex(scope.create(gallery))) {
      Neighbours found = index.search(query, k);
      List<Match> out = new ArrayList<>();
      for (int i = 0; i < found.rows()[0].length; i++) {
        out.add(new Match(found.rows()[0][i], found.similarities()[0][i]));
      }
      return out;
    }
  }

  /**
   * Writes a report for a volume.
   *
   * @param generator the {@code --out} folder of {@code t3d generate}, or its folder {@code
   *     generator}: a decoder that was trained on this model; opened once and kept
   * @param volume a file or DICOM folder
   * @param decoding how tokens are chosen, e.g. {@code Decoding.greedy(96)}
   * @throws IOException when the volume or the decoder cannot be read, or the decoder is of another
   *     model
   */
  public GeneratedReport generate(Path generator, Path volume, Decoding decoding)
      throws IOException {
    View view = view(volume);
    try (InUse.Use use = use();
        NDManager scope = model.manager().newSubManager()) {
      NDArray voxels = OneView.voxels(scope, view); // (1, 1, D, H, W)
      return decoders.generator(generator).generate(voxels, decoding).get(0);
    }
  }

  /**
   * Segments a volume.
   *
   * @param segmenter the {@code --out} folder of {@code t3d segment train}, or its folder {@code
   *     segmenter}; opened once and kept
   * @param volume a file or DICOM folder
   * @return the mask, of the volume's own size and affine; values as the segmenter's classes name
   *     them
   * @throws IOException when the volume or the segmenter cannot be read
   */
  public Volume segment(Path segmenter, Path volume) throws IOException {
    Volume read = VolumeReaders.read(volume);
    try (InUse.Use use = use()) {
      return decoders.segmenter(segmenter).onRawVolumes().segment(read);
    }
  }

  private void requireText() {
    if (!usesText()) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "This model was pre-trained without reports, so that its text encoder is as random as at"
              + " the start; embed(…) and segment(…) work, texts need a model of T3D, CLIP or"
              + " SigLIP");
    }
  }

  private static void requireSome(String name, List<?> values) {
    if (values.isEmpty()) {
      throw new IllegalArgumentException(name + " must not be empty; give at least one");
    }
  }

  @Override
  public void close() {
    inUse.close(
        () -> {
          decoders.close();
          model.close();
        });
  }
}
