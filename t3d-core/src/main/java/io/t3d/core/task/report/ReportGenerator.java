package io.t3d.core.task.report;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import io.t3d.core.T3dException;
import io.t3d.core.config.ReportDecoderConfig;
import io.t3d.core.generate.Decoding;
import io.t3d.core.generate.Hypothesis;
import io.t3d.core.internal.Scopes;
import io.t3d.core.model.T3DModel;
import io.t3d.core.nn.StateDict;
import io.t3d.core.nn.VisionEncoder.VisualTokens;
import io.t3d.core.nn.internal.SeededWeights;
import io.t3d.core.nn.internal.report.ReportDecoder;
import io.t3d.core.task.VolumeBatches;
import io.t3d.core.task.internal.training.FrozenEncoder;
import io.t3d.core.torch.internal.NoGrad;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;

/**
 * Writes reports for volumes: a {@link ReportDecoder} over the visual tokens of a {@link T3DModel},
 * with the model's tokenizer.
 *
 * <pre>{@code
 * try (ReportGenerator generator = ReportGenerator.create(model, ReportDecoderConfig.tiny(), 42);
 *     NDManager scope = model.manager().newSubManager()) {
 *   VisualTokens seen = generator.encode(scope, volumes); // (n, 1, D, H, W)
 *   ReportTrainer.fit(generator, seen, reports, 10, 16, TaskTraining.defaults(), loss -> {});
 *   List<GeneratedReport> written = generator.generate(seen, Decoding.beam(4, 100));
 * }
 * }</pre>
 *
 * <p>It belongs to the model: close it first. Generating from several threads at once is safe as
 * long as nobody trains.
 */
public final class ReportGenerator implements AutoCloseable {
  private static final int REPORTS_AT_ONCE = 16;

  private final T3DModel model;
  private final ReportDecoderConfig config;
  private final NDManager manager;
  private final ReportDecoder decoder;

  ReportGenerator(T3DModel model, ReportDecoderConfig config, int positions, long seed) {
    this.model = model;
    this.config = config;
    int vocabSize = model.tokenizer().vocabSize();
    decoder = new ReportDecoder(config, vocabSize, positions, model.vision().channels());
    manager = model.manager().newSubManager();
    manager.setName("ReportGenerator");
    SeededWeights.of(seed, () -> decoder.initialize(manager, DataType.FLOAT32, new Shape(1, 1)));
  }

  /**
   * A generator with a random decoder.
   *
   * @param model sees the volumes and owns the tokenizer; stays the caller's
   * @param config sizes of the decoder
   * @param seed same seed, same weights; sets the engine's random seed
   */
  public static ReportGenerator create(T3DModel model, ReportDecoderConfig config, long seed) {
    return new ReportGenerator(model, config, model.tokenizer().maxLength(), seed);
  }

  /**
   * Reads a decoder that {@link #save} wrote.
   *
   * @param dir the folder
   * @param model the one that the decoder was trained on; stays the caller's
   * @throws IOException when a file is missing or broken, or the decoder was trained on another
   *     encoder or tokenizer
   */
  public static ReportGenerator load(Path dir, T3DModel model) throws IOException {
    return GeneratorFiles.load(dir, model);
  }

  /**
   * Writes {@code generator.json} and {@code decoder.safetensors}. The model is saved by itself.
   *
   * @param dir the folder, made when it is missing
   * @throws IOException when a file cannot be written; each file is the old one or the new one
   */
  public void save(Path dir) throws IOException {
    GeneratorFiles.save(dir, this);
  }

  /**
   * What the frozen encoder sees in volumes, a few at a time, without a graph for gradients.
   *
   * @param owner owns the result
   * @param volumes {@code (B, 1, D, H, W)}, float32, intensities windowed as in training
   * @return tokens {@code (B, N, C)}, float32
   * @throws IllegalArgumentException when the shape or dtype differs or there is no volume
   */
  public VisualTokens encode(NDManager owner, NDArray volumes) {
    return FrozenEncoder.tokens(owner, model, volumes);
  }

  /**
   * What the frozen encoder sees in volumes that are read a few at a time; all tokens stay in
   * memory, 4·N·C bytes a volume.
   *
   * @param owner owns the result
   * @param volumes at least one
   * @param done is told how many volumes are done
   * @return tokens {@code (n, N, C)}, float32
   * @throws IOException when a volume cannot be read
   * @throws IllegalArgumentException when there is no volume
   */
  public VisualTokens encode(NDManager owner, VolumeBatches volumes, IntConsumer done)
      throws IOException {
    return FrozenEncoder.tokens(owner, model, volumes, done);
  }

  /**
   * Writes reports.
   *
   * @param volumes {@code (B, 1, D, H, W)}, float32, intensities windowed as in training
   * @param decoding how tokens are chosen; see {@link #longest}
   * @return B reports
   * @throws IllegalArgumentException when shape or dtype differ
   * @throws T3dException when the decoding's reports may be longer than {@link #longest}
   */
  public List<GeneratedReport> generate(NDArray volumes, Decoding decoding) {
    try (NDManager scope = manager.newSubManager()) {
      return generate(encode(scope, volumes), decoding);
    }
  }

  /**
   * Writes reports for what {@link #encode} saw.
   *
   * @param visual tokens {@code (B, N, C)}, float32
   * @param decoding how tokens are chosen; its longest length may be at most the model's {@code
   *     TextConfig.maxLength} - 1, for the begin token takes a place
   * @return B reports
   * @throws T3dException when they may be longer
   */
  public List<GeneratedReport> generate(VisualTokens visual, Decoding decoding) {
    if (decoding.maxLength() > longest()) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "maxLength must be at most "
              + longest()
              + " (TextConfig.maxLength - 1), got "
              + decoding.maxLength());
    }
    List<GeneratedReport> reports = new ArrayList<>();
    DecoderTexts.Specials specials = DecoderTexts.Specials.of(model.tokenizer());
    int count = (int) visual.tokens().getShape().get(0);
    for (int from = 0; from < count; from += REPORTS_AT_ONCE) {
      int to = Math.min(count, from + REPORTS_AT_ONCE);
      try (NoGrad constant = new NoGrad();
          NDManager scope = manager.newSubManager();
          DecoderTexts texts =
              new DecoderTexts(scope, decoder, specials, rows(scope, visual, from + ":" + to))) {
        decoding.decode(texts, to - from, from).forEach(h -> reports.add(report(h)));
      }
    }
    return reports;
  }

  private static VisualTokens rows(NDManager scope, VisualTokens visual, String rows) {
    NDArray some = Scopes.handle(visual.tokens(), scope).get(rows);
    return new VisualTokens(some, visual.depth(), visual.height(), visual.width());
  }

  private GeneratedReport report(Hypothesis written) {
    long[] ids = written.tokens().stream().mapToLong(Integer::longValue).toArray();
    String text = model.tokenizer().decode(ids);
    return new GeneratedReport(text, written.logProbability(), ids.length, written.finished());
  }

  /** Tokens that a report may have at most, the end token among them. */
  public int longest() {
    return decoder.positions() - 1;
  }

  /** The decoder's settings. */
  public ReportDecoderConfig config() {
    return config;
  }

  /** The model whose visual tokens are read. */
  public T3DModel model() {
    return model;
  }

  /** The decoder's parameters under dotted names, e.g. {@code layers.0.fc1.weight}. */
  public Map<String, Parameter> parameters() {
    return Collections.unmodifiableMap(StateDict.of(decoder));
  }

  /** Owner of the weights; make sub-managers of it for batches. */
  public NDManager manager() {
    return manager;
  }

  ReportDecoder decoder() {
    return decoder;
  }

  @Override
  public void close() {
    manager.close();
  }
}
