package io.t3d.core.model;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import io.t3d.core.T3dException;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.kernel.TokenGather;
import io.t3d.core.nn.ProjectionHead;
import io.t3d.core.nn.SeededWeights;
import io.t3d.core.nn.StateDict;
import io.t3d.core.nn.VisionEncoder;
import io.t3d.core.nn.VisionEncoder.VisualTokens;
import io.t3d.core.nn.text.TransformerTextEncoder.TextFeatures;
import io.t3d.core.tensor.Scopes;
import io.t3d.core.tensor.Shapes;
import io.t3d.core.text.ReportSentences;
import io.t3d.core.text.ReportTokenizer;
import io.t3d.core.text.SentenceBatch;
import io.t3d.core.text.TokenBatch;
import io.t3d.core.torch.Casts;
import io.t3d.core.torch.NoGrad;
import io.t3d.core.torch.TorchEngine;
import io.t3d.core.volume.ViewBatch;
import io.t3d.core.volume.Volume;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.function.Function;

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
 * <p>The model owns its weights and its tokenizer; {@link #close} frees all. Encoding from several
 * threads at once is safe as long as nobody trains.
 */
public final class T3DModel implements AutoCloseable {
  private static final int VOLUMES_AT_ONCE = 4;
  private static final int REPORTS_AT_ONCE = 32;

  private final T3DConfig config;
  private final Device device;
  private final NDManager manager;
  private final ReportTokenizer tokenizer;
  private final T3DNetwork network;
  private final Map<String, String> origins = new TreeMap<>();
  private final RawVoxels rawVoxels = new RawVoxels();

  private T3DModel(T3DConfig config, ReportTokenizer tokenizer, Device device, long seed) {
    if (tokenizer.vocabSize() > config.text().vocabSize()) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "TextConfig.vocabSize must be at least the tokenizer's vocabulary, "
              + tokenizer.vocabSize()
              + ", got "
              + config.text().vocabSize()
              + "; set vocabSize or take another tokenizer");
    }
    this.config = config;
    this.tokenizer = tokenizer;
    this.device = TorchEngine.require(device);
    network = new T3DNetwork(config);
    manager = NDManager.newBaseManager(device);
    manager.setName("T3DModel");
    SeededWeights.of(seed, () -> network.initialize(manager, DataType.FLOAT32, new Shape(1)));
  }

  /**
   * A model with random weights, its tokenizer named by {@code TextConfig.tokenizer}.
   *
   * @param config sizes
   * @param device where weights and arrays live
   * @param seed same seed, same weights; sets the engine's random seed
   * @throws T3dException when the tokenizer cannot be read, or has more tokens than {@code
   *     TextConfig.vocabSize}
   */
  public static T3DModel create(T3DConfig config, Device device, long seed) {
    ReportTokenizer tokenizer = ReportTokenizer.of(config.text());
    try {
      return new T3DModel(config, tokenizer, device, seed);
    } catch (RuntimeException e) {
      tokenizer.close();
      throw e;
    }
  }

  /**
   * A model with random weights over a tokenizer, e.g. one built from the training reports.
   *
   * @param config sizes
   * @param tokenizer from now on owned by the model
   * @param device where weights and arrays live
   * @param seed same seed, same weights; sets the engine's random seed
   * @throws T3dException when the tokenizer has more tokens than {@code TextConfig.vocabSize}; it
   *     then stays the caller's
   */
  public static T3DModel create(
      T3DConfig config, ReportTokenizer tokenizer, Device device, long seed) {
    return new T3DModel(config, tokenizer, device, seed);
  }

  /**
   * Reads a checkpoint that {@link #save} wrote.
   *
   * @param dir the folder
   * @param device where weights and arrays live
   * @throws IOException when a file is missing or broken, or when names or shapes of the weights
   *     are not those of the checkpoint's config
   */
  public static T3DModel load(Path dir, Device device) throws IOException {
    return ModelFiles.load(dir, device);
  }

  /**
   * Writes {@code config.json}, {@code tokenizer.json} and {@code model.safetensors}.
   *
   * @param dir the folder, made when it is missing
   * @throws IOException when a file cannot be written; each file is the old one or the new one
   */
  public void save(Path dir) throws IOException {
    ModelFiles.save(dir, this, tokenizer);
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
    checkPairs("reports", views, reports.size());
    sentences.ifPresent(s -> checkPairs("sentences", views, s.sentences().pairs()));
    requireOpen(manager);
    NDManager owner = requireOpen(views.slots().get(0).voxels().getManager());
    try (NDManager scope = owner.newSubManager()) {
      Step step = new Step(new ParameterStore(scope, false), scope, training);
      T3DOutput output =
          new T3DOutput(
              encodeViews(step, views),
              embed(step, local(reports, scope)),
              sentences.map(
                  s -> new SentenceFeatures(embed(step, local(s.tokens(), scope)), s.sentences())),
              network.logitScale.value(step.parameters, scope, training));
      handOver(output, owner);
      return output;
    }
  }

  private NDManager requireOpen(NDManager used) {
    if (!manager.isOpen() || !used.isOpen()) {
      throw new IllegalStateException(
          manager.isOpen()
              ? "The manager "
                  + used.getName()
                  + " must be open, got a closed one; it is closed"
                  + " with its parent or at the end of its try block"
              : "The model must be open, got a closed one; use it inside its try block, or load it"
                  + " again");
    }
    return used;
  }

  private static void checkPairs(String name, ViewBatch views, int pairs) {
    if (views.size() != pairs) {
      throw new IllegalArgumentException(
          "views and " + name + " must hold the same pairs, got " + views.size() + " and " + pairs);
    }
  }

  /** {@link #forward(ViewBatch, TokenBatch, Optional, boolean)} without sentences. */
  public T3DOutput forward(ViewBatch views, TokenBatch reports, boolean training) {
    return forward(views, reports, Optional.empty(), training);
  }

  /** {@link #forward(ViewBatch, TokenBatch, boolean)} with dropout and batch statistics at rest. */
  public T3DOutput forward(ViewBatch views, TokenBatch reports) {
    return forward(views, reports, false);
  }

  /** What the parts of one forward pass share; the scope frees their intermediates. */
  private record Step(ParameterStore parameters, NDManager scope, boolean training) {}

  private List<ViewFeatures> encodeViews(Step step, ViewBatch views) {
    Map<Shape, List<Integer>> bySize = new LinkedHashMap<>();
    for (int i = 0; i < views.slots().size(); i++) {
      Shape size = views.slots().get(i).voxels().getShape();
      bySize.computeIfAbsent(size, s -> new ArrayList<>()).add(i);
    }
    ViewFeatures[] features = new ViewFeatures[views.slots().size()];
    for (List<Integer> group : bySize.values()) {
      List<ViewBatch.Slot> slots = group.stream().map(views.slots()::get).toList();
      List<ViewFeatures> encoded = encodeSlots(step, slots);
      for (int i = 0; i < group.size(); i++) {
        features[group.get(i)] = encoded.get(i);
      }
    }
    return List.of(features);
  }

  /** Encodes slots of one size in one batch: row {@code v·B + b} is view v of pair b. */
  private List<ViewFeatures> encodeSlots(Step step, List<ViewBatch.Slot> slots) {
    NDList voxels = new NDList();
    slots.forEach(s -> voxels.add(local("voxels", s.voxels(), step.scope)));
    NDArray input = voxels.size() == 1 ? voxels.get(0) : NDArrays.concat(voxels, 0);
    rawVoxels.lookAt(input);
    VisualTokens h = network.vision.encode(step.parameters, input, step.training);
    NDArray p = project(step, network.visionProjection, h.tokens()); // (V·B, N, E)
    NDArray v = unitMean(p); // (V·B, E)
    List<ViewFeatures> out = new ArrayList<>();
    for (int i = 0; i < slots.size(); i++) {
      ViewBatch.Slot slot = slots.get(i);
      int b = slot.affines().size();
      Function<NDArray, NDArray> rows = rowsOf(i * b, b, slots.size() * b);
      out.add(new ViewFeatures(slot.kind(), rows.apply(v), rows.apply(p), grid(h, slot)));
    }
    return out;
  }

  private static Function<NDArray, NDArray> rowsOf(int from, int count, int all) {
    return x -> count == all ? x : x.get(from + ":" + (from + count));
  }

  private static TokenGrid grid(VisualTokens h, ViewBatch.Slot slot) {
    Shape s = slot.voxels().getShape();
    return TokenGrid.dividing(
        h.depth(),
        h.height(),
        h.width(),
        (int) s.get(2),
        (int) s.get(3),
        (int) s.get(4),
        slot.affines());
  }

  /** The projection is linear, so the mean of projected tokens is the projected mean. */
  private static NDArray unitMean(NDArray tokens) {
    try (NDArray mean = tokens.mean(new int[] {1})) {
      return mean.normalize(2, 1); // (B, E)
    }
  }

  private NDArray embed(Step step, TokenBatch tokens) {
    TextFeatures text = network.text.encode(step.parameters, tokens, step.training);
    return project(step, network.textProjection, text.pooled()).normalize(2, 1); // (B, E)
  }

  /** Under autocast the map runs in bfloat16; embeddings and tokens leave it as float32. */
  private static NDArray project(Step step, ProjectionHead head, NDArray features) {
    return Casts.toFloat32(head.project(step.parameters, features, step.training));
  }

  private NDArray local(String name, NDArray array, NDManager scope) {
    if (!array.getDevice().equals(device)) {
      throw new IllegalArgumentException(
          name
              + " must be on "
              + device
              + ", where the model is, got "
              + array.getDevice()
              + "; create them with a sub-manager of T3DModel.manager()");
    }
    return Scopes.handle(array, scope);
  }

  private TokenBatch local(TokenBatch reports, NDManager scope) {
    return new TokenBatch(
        local("tokenIds", reports.tokenIds(), scope),
        local("attentionMask", reports.attentionMask(), scope));
  }

  private static void handOver(T3DOutput output, NDManager owner) {
    for (ViewFeatures view : output.views()) {
      view.embedding().attach(owner);
      view.tokens().attach(owner);
    }
    output.textEmbeddings().attach(owner);
    output.logitScale().attach(owner);
    output.sentences().ifPresent(s -> s.embeddings().attach(owner));
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
    Shapes.checkVolumes("volumes", volumes);
    int count = (int) volumes.getShape().get(0);
    return inChunks(volumes.getManager(), count, VOLUMES_AT_ONCE, this::embedVolumes, volumes);
  }

  private NDArray embedVolumes(Step step, NDArray volumes, int from, int to) {
    return unitMean(projectedTokens(step, volumes, from, to).tokens()); // (b, E)
  }

  private VisualTokens projectedTokens(Step step, NDArray volumes, int from, int to) {
    NDArray some = local("volumes", volumes, step.scope).get(from + ":" + to);
    rawVoxels.lookAt(some);
    VisualTokens h = network.vision.encode(step.parameters, some, false);
    NDArray p = project(step, network.visionProjection, h.tokens()); // (b, N, E)
    return new VisualTokens(p, h.depth(), h.height(), h.width());
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
    Shapes.checkVolumes("volumes", volumes);
    int count = (int) volumes.getShape().get(0);
    int[] grid = new int[3];
    NDArray tokens =
        inChunks(
            volumes.getManager(),
            count,
            VOLUMES_AT_ONCE,
            (step, all, from, to) -> {
              VisualTokens p = projectedTokens(step, all, from, to);
              grid[0] = p.depth();
              grid[1] = p.height();
              grid[2] = p.width();
              return p.tokens();
            },
            volumes); // (B, N, E)
    return new VolumeFeatures(unitMean(tokens), tokens, grid[0], grid[1], grid[2]);
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
    try (NoGrad constant = new NoGrad();
        NDManager scope = requireOpen(manager).newSubManager()) {
      Shape shape = new Shape(1, 1, volume.depth(), volume.height(), volume.width());
      VolumeFeatures seen = encodeVolumeTokens(scope.create(volume.voxels(), shape));
      NDArray queries = encodeReports(scope, texts); // (T, E)
      NDArray gathered = TokenGather.gather(seen.tokens(), queries, temperature); // (1, T, E)
      float[] scores = gathered.mul(queries).sum(new int[] {2}).toFloatArray(); // (1, T)
      float[] weights = TokenGather.weights(seen.tokens(), queries, temperature).toFloatArray();
      TokenGrid grid =
          TokenGrid.dividing(
              seen.depth(),
              seen.height(),
              seen.width(),
              volume.depth(),
              volume.height(),
              volume.width(),
              List.of(volume.affine()));
      List<Relevance> out = new ArrayList<>();
      for (int t = 0; t < texts.size(); t++) {
        int n = grid.size();
        float[] own = Arrays.copyOfRange(weights, t * n, (t + 1) * n);
        out.add(new Relevance(texts.get(t), own, scores[t], grid));
      }
      return out;
    }
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
    return inChunks(owner, reports.size(), REPORTS_AT_ONCE, this::embedReports, reports);
  }

  private NDArray embedReports(Step step, List<String> reports, int from, int to) {
    TokenBatch tokens = tokenizer.encode(step.scope, reports.subList(from, to));
    return embed(step, tokens);
  }

  private interface ChunkEncoder<T> {
    NDArray encode(Step step, T all, int from, int to);
  }

  /** Each chunk has its own scope, so that memory does not grow with the number of items. */
  private <T> NDArray inChunks(
      NDManager owner, int count, int atOnce, ChunkEncoder<T> encoder, T all) {
    if (count == 0) {
      throw new IllegalArgumentException("Nothing to encode: the batch is empty");
    }
    try (NoGrad constant = new NoGrad();
        NDManager results = requireOpen(owner).newSubManager()) {
      NDList chunks = new NDList();
      for (int from = 0; from < count; from += atOnce) {
        try (NDManager scope = results.newSubManager()) {
          Step step = new Step(new ParameterStore(scope, false), scope, false);
          NDArray chunk = encoder.encode(step, all, from, Math.min(count, from + atOnce));
          chunk.attach(results);
          chunks.add(chunk);
        }
      }
      NDArray joined = chunks.size() == 1 ? chunks.get(0) : NDArrays.concat(chunks, 0); // (B, E)
      joined.attach(owner);
      return joined;
    }
  }

  /**
   * Tokenizes reports for {@link #forward}.
   *
   * @param owner owns the arrays
   * @param reports B texts, none blank
   * @return {@code (B, L)}, int64, padded to the longest report; longer ones than {@code
   *     TextConfig.maxLength} are cut
   * @throws IllegalArgumentException when there is no report or one is blank
   */
  public TokenBatch tokenize(NDManager owner, List<String> reports) {
    return tokenizer.encode(owner, reports);
  }

  /**
   * Tokenizes texts that were taken from reports, for {@link #forward}.
   *
   * @param owner owns the arrays
   * @param sentences T texts
   * @return {@code (T, L)}, int64, padded to the longest text
   */
  public SentenceBatch tokenize(NDManager owner, ReportSentences sentences) {
    return new SentenceBatch(sentences, tokenizer.encode(owner, sentences.texts()));
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

  /** The tokenizer, for decoders of one's own. It belongs to this model. */
  public ReportTokenizer tokenizer() {
    return tokenizer;
  }

  /** The learned log inverse temperature, as the contrastive loss sees it; {@code exp()} at use. */
  public double logitScale() {
    try (NDManager scope = manager.newSubManager()) {
      return network.logitScale.value(new ParameterStore(scope, false), scope, false).getFloat();
    }
  }

  /** Owner of the weights; make sub-managers of it for batches. */
  public NDManager manager() {
    return manager;
  }

  /** Where the model lives. */
  public Device device() {
    return device;
  }

  @Override
  public void close() {
    manager.close();
    tokenizer.close();
  }
}
