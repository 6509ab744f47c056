package io.t3d.core.model;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.Initializer;
import io.t3d.core.T3dException;
import io.t3d.core.config.LoraConfig;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.config.TextConfig;
import io.t3d.core.config.TextConfig.LongReports;
import io.t3d.core.config.TextEncoderConfig;
import io.t3d.core.internal.InUse;
import io.t3d.core.nn.StateDict;
import io.t3d.core.nn.TextEncoder;
import io.t3d.core.nn.VisionEncoder;
import io.t3d.core.nn.VisionEncoder.VisualTokens;
import io.t3d.core.nn.internal.LoraLayers;
import io.t3d.core.nn.internal.SeededWeights;
import io.t3d.core.nn.internal.encoder.TextEncoders;
import io.t3d.core.nn.internal.encoder.VisionEncoders;
import io.t3d.core.text.ReportSentences;
import io.t3d.core.text.ReportTokenizer;
import io.t3d.core.text.SentenceBatch;
import io.t3d.core.text.TokenBatch;
import io.t3d.core.torch.TorchEngine;
import io.t3d.core.volume.ViewBatch;
import io.t3d.core.volume.Volume;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The T3D model: a 3D visual encoder and a text encoder that share an embedding space, in which
 * both whole volumes and their visual tokens can be compared with texts.
 *
 * <pre>{@code
 * try (T3DModel model = T3DModel.load(Path.of("checkpoint"), Device.cpu());
 *     NDManager manager = model.manager().newSubManager()) {
 *   NDArray volumes = manager.create(voxels, new Shape(1, 1, 96, 96, 96));
 *   NDArray v = model.encodeVolumes(volumes); // (1, E)
 *   NDArray w = model.encodeReports(manager, List.of("pleural effusion", "no effusion")); // (2, E)
 *   NDArray similarity = v.matMul(w.transpose()); // (1, 2), cosines
 * }
 * }</pre>
 *
 * <p>Liu et al., 2023, <a href="https://arxiv.org/abs/2312.01529">T3D: Advancing 3D Medical
 * Vision-Language Pre-training by Learning Multi-View Visual Consistency</a>. Its code is not
 * public; what differs stands with the losses, in module t3d-losses.
 *
 * <p>The model owns its weights and its tokenizer; {@link #close} waits for calls that run and
 * frees all, but does not see what is done with {@link #vision}, {@link #text} and {@link #block}.
 * Encoding from several threads at once is safe as long as nobody trains.
 */
public final class T3DModel implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(T3DModel.class);
  private static final String CLOSED =
      "The model must be open, got a closed one; use it inside its try block, or load it again";
  static final String VISION = "vision";
  static final String TEXT = "text";

  private final T3DConfig config;
  private final Device device;
  private final NDManager manager;
  private final ReportTokenizer tokenizer;
  private final T3DNetwork network;
  private final Map<String, String> origins = new TreeMap<>();
  private final RawVoxels rawVoxels = new RawVoxels();
  private final LoraLayers lora = new LoraLayers();
  private final Set<String> said = ConcurrentHashMap.newKeySet(); // lines about long reports

  private final InUse inUse = new InUse(CLOSED);

  private T3DModel(
      VisionEncoder vision,
      TextEncoder text,
      T3DConfig settings,
      ReportTokenizer tokenizer,
      Device device) {
    this.config =
        new T3DConfig(
            VisionEncoders.configOf(vision),
            textConfig(text, tokenizer),
            settings.embedDim(),
            settings.projection(),
            settings.temperature(),
            settings.visionProjection(),
            settings.textProjection());
    if (tokenizer.vocabSize() > text.vocabSize()) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "TextConfig.vocabSize must be at least the tokenizer's vocabulary, "
              + tokenizer.vocabSize()
              + added(tokenizer)
              + ", got "
              + text.vocabSize()
              + "; set vocabSize or take another tokenizer; pretrained weights grow in Python by"
              + " model.resize_token_embeddings(len(tokenizer))");
    }
    network = new T3DNetwork(config, vision, text);
    this.tokenizer = tokenizer;
    this.device = TorchEngine.require(device);
    manager = NDManager.newBaseManager(device);
    manager.setName("T3DModel");
  }

  /** What the tokenizer wants of long reports becomes the model's, unless its settings say it. */
  private static TextEncoderConfig textConfig(TextEncoder text, ReportTokenizer tokenizer) {
    TextEncoderConfig config = TextEncoders.configOf(text, tokenizer.maxLength());
    boolean own = config instanceof TextConfig bert && bert.longReports().isEmpty();
    return own && tokenizer.usualCut() != LongReports.HEAD
        ? config.bert("").toBuilder().longReports(tokenizer.usualCut()).build()
        : config;
  }

  private static String added(ReportTokenizer tokenizer) {
    Map<String, Integer> tokens = tokenizer.addedTokens();
    return tokens.isEmpty()
        ? ""
        : " (with "
            + tokens.size()
            + " added token(s), e.g. "
            + tokens.entrySet().iterator().next()
            + ")";
  }

  /** A model whose weights are random, but for those that its encoders have already. */
  static T3DModel seeded(
      VisionEncoder vision,
      TextEncoder text,
      T3DConfig settings,
      ReportTokenizer tokenizer,
      Device device,
      long seed) {
    T3DModel model = new T3DModel(vision, text, settings, tokenizer, device);
    model.initialize(start -> SeededWeights.of(seed, start));
    return model;
  }

  /** A model whose weights are zero until they are read; the engine's random state stays. */
  static T3DModel empty(
      VisionEncoder vision,
      TextEncoder text,
      T3DConfig settings,
      ReportTokenizer tokenizer,
      Device device) {
    T3DModel model = new T3DModel(vision, text, settings, tokenizer, device);
    model.network.setInitializer(Initializer.ZEROS, parameter -> true);
    model.initialize(Runnable::run);
    return model;
  }

  /** Frees what was made when it fails; the tokenizer then stays the caller's. */
  private void initialize(Consumer<Runnable> how) {
    try {
      how.accept(() -> network.initialize(manager, DataType.FLOAT32, new Shape(1)));
    } catch (RuntimeException | Error e) {
      manager.close();
      throw e;
    }
  }

  /**
   * Starts a builder, for models with encoders or settings of one's own.
   *
   * <pre>{@code
   * T3DModel.builder().vision(new MyEncoder()).text(TextConfig.tiny()).embedDim(128).build()
   * }</pre>
   */
  public static T3DModelBuilder builder() {
    return new T3DModelBuilder();
  }

  /**
   * A model with random weights, its tokenizer named by {@code TextConfig.tokenizer}.
   *
   * @param config sizes
   * @param device where weights and arrays live
   * @param seed same seed, same weights. The engine has one random state for all: it is set to this
   *     seed and what the weights draw moves it on, so that what is drawn next depends on the seed
   *     too, and threads that create or train models must not draw at the same time
   * @throws T3dException when the tokenizer's file is none, or has more tokens than {@code
   *     TextConfig.vocabSize}
   * @throws java.io.UncheckedIOException when the tokenizer's file is not there
   */
  public static T3DModel create(T3DConfig config, Device device, long seed) {
    return builder().config(config).device(device).seed(seed).build();
  }

  /**
   * A model with random weights over a tokenizer, e.g. one built from the training reports.
   *
   * @param config sizes
   * @param tokenizer from now on owned by the model
   * @param device where weights and arrays live
   * @param seed same seed, same weights. The engine has one random state for all: it is set to this
   *     seed and what the weights draw moves it on, so that what is drawn next depends on the seed
   *     too, and threads that create or train models must not draw at the same time
   * @throws T3dException when the tokenizer has more tokens than {@code TextConfig.vocabSize}; it
   *     then stays the caller's
   */
  public static T3DModel create(
      T3DConfig config, ReportTokenizer tokenizer, Device device, long seed) {
    return builder().config(config).tokenizer(tokenizer).device(device).seed(seed).build();
  }

  /**
   * Reads a checkpoint that {@link #save} wrote. The engine's random state stays as it is.
   *
   * @param dir the folder
   * @param device where weights and arrays live
   * @throws IOException when a file is missing or broken, or when names or shapes of the weights
   *     are not those of the checkpoint's config
   * @throws T3dException when the model has an encoder of one's own, it says which class and how to
   *     open it: {@link T3DModelBuilder#load}; when the config is damaged; or when the device is
   *     not there
   */
  public static T3DModel load(Path dir, Device device) throws IOException {
    return builder().device(device).load(dir);
  }

  /**
   * Writes {@code config.json}, {@code tokenizer.json} and {@code model.safetensors}. Of an encoder
   * of one's own the config holds the name of the class, for whoever opens it.
   *
   * @param dir the folder, made when it is missing
   * @throws IOException when a file cannot be written; all are then the old ones
   * @throws IllegalStateException when the model is closed
   */
  public void save(Path dir) throws IOException {
    try (InUse.Use use = use()) {
      ModelFiles.save(dir, this, tokenizer);
    }
  }

  /**
   * Runs the model on B volume–report pairs.
   *
   * @param views V slots of B views, {@code (B, 1, D, H, W)} each; slots of the same size are
   *     encoded in one go
   * @param reports B tokenized reports, {@code (B, L)}
   * @param sentences texts of the reports to encode alone, of the same B pairs
   * @param training whether dropout is on and batch statistics are updated
   * @return embeddings and tokens, owned by the manager of the first slot's voxels
   * @throws IllegalArgumentException when B differs or arrays are on another device
   */
  public T3DOutput forward(
      ViewBatch views, TokenBatch reports, Optional<SentenceBatch> sentences, boolean training) {
    try (InUse.Use use = use()) {
      return new ForwardPass(this).run(views, reports, sentences, training);
    }
  }

  /** What inference warns of when volumes look like raw HU. */
  RawVoxels rawVoxels() {
    return rawVoxels;
  }

  /** Keeps the model open until the call ends. */
  InUse.Use use() {
    return inUse.use();
  }

  NDManager requireOpen(NDManager used) {
    if (!manager.isOpen() || !used.isOpen()) {
      throw new IllegalStateException(
          manager.isOpen()
              ? "The manager "
                  + used.getName()
                  + " must be open, got a closed one; it is closed"
                  + " with its parent or at the end of its try block"
              : CLOSED);
    }
    return used;
  }

  /** {@link #forward(ViewBatch, TokenBatch, Optional, boolean)} without sentences. */
  public T3DOutput forward(ViewBatch views, TokenBatch reports, boolean training) {
    return forward(views, reports, Optional.empty(), training);
  }

  /** {@link #forward(ViewBatch, TokenBatch, boolean)} with dropout and batch statistics at rest. */
  public T3DOutput forward(ViewBatch views, TokenBatch reports) {
    return forward(views, reports, false);
  }

  /**
   * Embeds volumes in inference mode, a few at a time.
   *
   * @param volumes {@code (B, 1, D, H, W)}, float32, intensities windowed as in training
   * @return {@code (B, E)}, float32, L2-normalised; owned by the manager of {@code volumes}
   * @throws IllegalArgumentException when the shape or dtype differs, or the device is not the
   *     model's
   */
  public NDArray encodeVolumes(NDArray volumes) {
    return new Inference(this).volumes(volumes);
  }

  /**
   * Embeds volumes together with their tokens in inference mode, a few at a time: what text-pooled
   * scores and {@link #relevance} read.
   *
   * @param volumes {@code (B, 1, D, H, W)}, float32, intensities windowed as in training
   * @return owned by the manager of {@code volumes}; 4·B·N·E bytes
   * @throws IllegalArgumentException when the shape or dtype differs, or the device is not the
   *     model's
   */
  public VolumeFeatures encodeVolumeTokens(NDArray volumes) {
    return new Inference(this).volumeTokens(volumes);
  }

  /**
   * Where in a volume its tokens gather around texts, with their place in the patient.
   *
   * @param volume prepared as in training: size, orientation and intensity window of the model's
   *     views
   * @param texts T texts, none blank, e.g. one sentence of a report
   * @param temperature divisor of the cosines; the {@code gatherTemperature} of pre-training, 0.1
   *     unless set
   * @return one entry per text, in order
   * @throws IllegalArgumentException when there is no text, one is blank, or the volume's size does
   *     not suit the encoder
   */
  public List<Relevance> relevance(Volume volume, List<String> texts, double temperature) {
    return new Inference(this).relevance(volume, texts, temperature);
  }

  /**
   * Expert: the same of a volume whose tokens are at hand, for many texts one after the other.
   *
   * @param seen what {@link #encodeVolumeTokens} made of this volume alone; stays open
   * @param volume the prepared volume, for its size and affine
   * @param texts T texts, none blank
   * @param temperature divisor of the cosines
   * @return one entry per text, in order
   * @throws IllegalArgumentException when there is no text, one is blank, or the tokens are of
   *     another number of volumes than one
   */
  public List<Relevance> relevance(
      VolumeFeatures seen, Volume volume, List<String> texts, double temperature) {
    return new Inference(this).relevance(seen, volume, texts, temperature);
  }

  /**
   * Embeds reports in inference mode. The result belongs to the model's manager: close it, or use
   * {@link #encodeReports(NDManager, List)}.
   *
   * @param reports B texts, none blank
   * @return {@code (B, E)}, float32, L2-normalised
   * @throws IllegalArgumentException when there is no report or one is blank
   */
  public NDArray encodeReports(List<String> reports) {
    return encodeReports(manager, reports);
  }

  /**
   * Embeds reports in inference mode, a few at a time.
   *
   * @param owner owns the result
   * @param reports B texts, none blank
   * @return {@code (B, E)}, float32, L2-normalised
   * @throws IllegalArgumentException when there is no report or one is blank
   */
  public NDArray encodeReports(NDManager owner, List<String> reports) {
    return new Inference(this).reports(owner, reports);
  }

  /**
   * Tokenizes reports for {@link #forward}.
   *
   * @param owner owns the arrays
   * @param reports B texts, none blank
   * @return {@code (B, L)}, int64, padded to the longest report; what is read of longer ones than
   *     {@code TextConfig.maxLength}, and whether they take several rows, {@code
   *     TextConfig.longReports} says
   * @throws IllegalArgumentException when there is no report or one is blank
   */
  public TokenBatch tokenize(NDManager owner, List<String> reports) {
    try (InUse.Use use = use()) {
      requireOpen(owner);
      return tokenizer.encode(owner, worded(reports), longReports());
    }
  }

  /**
   * Tokenizes texts that were taken from reports, for {@link #forward}.
   *
   * @param owner owns the arrays
   * @param sentences T texts
   * @return {@code (T, L)}, int64, padded to the longest text
   */
  public SentenceBatch tokenize(NDManager owner, ReportSentences sentences) {
    try (InUse.Use use = use()) {
      requireOpen(owner);
      return new SentenceBatch(
          sentences, tokenizer.encode(owner, worded(sentences.texts()), longReports()));
    }
  }

  /** Texts as the tokenizer is to see them. */
  private List<String> worded(List<String> texts) {
    Optional<TextConfig.Wording> wording =
        config.text() instanceof TextConfig bert ? bert.wording() : Optional.empty();
    return wording.isEmpty() ? texts : texts.stream().map(wording.get()::apply).toList();
  }

  /** What is read of reports that are too long. */
  private LongReports longReports() {
    return config.text() instanceof TextConfig bert
        ? bert.longReports().orElse(tokenizer.usualCut())
        : tokenizer.usualCut();
  }

  /**
   * Says how many of some reports are longer than the text encoder reads, and what becomes of them.
   *
   * @param reports any number of texts
   * @return a line for the user; empty when none is too long
   */
  public Optional<String> longReportsAmong(Collection<String> reports) {
    int count;
    try (InUse.Use use = use()) {
      count = tokenizer.countLong(worded(List.copyOf(reports)));
    }
    if (count == 0) {
      return Optional.empty();
    }
    LongReports how = longReports();
    return Optional.of(
        String.format(
            Locale.ROOT,
            "%,d of %,d texts have more than %d tokens (model.text.maxLength) and are %s"
                + " (model.text.longReports: %s)",
            count,
            reports.size(),
            tokenizer.maxLength(),
            how == LongReports.SENTENCE_WINDOWS ? "read in windows of whole sentences" : "cut",
            how));
  }

  /** Tells the log of reports that are too long, once of the same ones. */
  void sayLongReports(Collection<String> reports) {
    longReportsAmong(reports).filter(said::add).ifPresent(LOG::warn);
  }

  /** The model's settings. */
  public T3DConfig config() {
    return config;
  }

  /**
   * The vision encoder, for heads and decoders of one's own that need its tokens or feature maps.
   * It belongs to this model.
   */
  public VisionEncoder vision() {
    return network.vision;
  }

  /**
   * Runs the vision encoder for a loop of one's own; as in inference where it is frozen.
   *
   * @param parameters where the weights come from
   * @param voxels {@code (B, 1, D, H, W)}, float32; results belong to its manager
   * @param training whether dropout is on and batch statistics are updated
   */
  public VisualTokens encodeVision(ParameterStore parameters, NDArray voxels, boolean training) {
    return vision().encode(parameters, voxels, training && !lora.isFrozen(VISION));
  }

  /** The text encoder. It belongs to this model. */
  public TextEncoder text() {
    return network.text;
  }

  /** All weights as one block, for optimizers. */
  public Block block() {
    return network;
  }

  /** All parameters and buffers under dotted names, e.g. {@code vision.conv1.weight}. */
  public Map<String, Parameter> parameters() {
    return Collections.unmodifiableMap(StateDict.of(network));
  }

  /**
   * Where weights that were not random at the start came from: {@code text} or {@code vision} →
   * file and SHA-256. Saved with the model.
   */
  public Map<String, String> origins() {
    return Collections.unmodifiableMap(origins);
  }

  /** Notes where an encoder's weights come from; for those who load weights. */
  public void noteOrigin(String encoder, String origin) {
    origins.put(encoder, origin);
  }

  T3DNetwork network() {
    return network;
  }

  /**
   * Gives linear layers of the encoders low-rank pairs, which are what is then learned of these
   * encoders. The model computes what it did. {@link #save} writes weights and pairs, {@link #load}
   * gives their sum. A frozen encoder gets none.
   *
   * @param settings rank and layers
   * @param seed of the pairs' start
   * @return names of the layers that have pairs, sorted
   * @throws T3dException when a name of the settings fits no linear layer, all that fit are in
   *     frozen encoders, or one has a pair of another rank, alpha or dropout
   */
  public List<String> addLora(LoraConfig settings, long seed) {
    Map<String, Block> encoders = new LinkedHashMap<>();
    encoders.put(VISION, vision());
    encoders.put(TEXT, text());
    lora.add(encoders, settings, seed);
    return List.copyOf(lora.names());
  }

  /**
   * Adds low-rank pairs to the weights that they belong to, which learn again from now on, but for
   * those of frozen encoders.
   */
  public void mergeLora() {
    lora.merge();
  }

  LoraLayers lora() {
    return lora;
  }

  /**
   * Freezes the vision encoder: it learns nothing, low-rank pairs among it, and runs in training as
   * in inference.
   */
  public void freezeVision() {
    lora.freeze(VISION, vision());
  }

  /** Freezes the text encoder likewise. */
  public void freezeText() {
    lora.freeze(TEXT, text());
  }

  /** Whether an encoder, {@code vision} or {@code text}, has been frozen. */
  public boolean isFrozen(String encoder) {
    return lora.isFrozen(encoder);
  }

  /** The tokenizer, for decoders of one's own. It belongs to this model. */
  public ReportTokenizer tokenizer() {
    return tokenizer;
  }

  /** The learned log inverse temperature, as the contrastive loss sees it; {@code exp()} at use. */
  public double logitScale() {
    try (InUse.Use use = use();
        NDManager scope = manager().newSubManager()) {
      return network.logitScale.value(new ParameterStore(scope, false), scope, false).getFloat();
    }
  }

  /**
   * Owner of the weights; make sub-managers of it for batches.
   *
   * @throws IllegalStateException when the model is closed
   */
  public NDManager manager() {
    return requireOpen(manager);
  }

  /** Where the model lives. */
  public Device device() {
    return device;
  }

  @Override
  public void close() {
    inUse.close(
        () -> {
          manager.close();
          tokenizer.close();
        });
  }
}
