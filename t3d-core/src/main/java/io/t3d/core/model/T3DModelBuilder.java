package io.t3d.core.model;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.config.TextConfig;
import io.t3d.core.config.TextEncoderConfig;
import io.t3d.core.config.VisionConfig;
import io.t3d.core.nn.TextEncoder;
import io.t3d.core.nn.VisionEncoder;
import io.t3d.core.nn.internal.Weights;
import io.t3d.core.nn.internal.encoder.TextEncoders;
import io.t3d.core.nn.internal.encoder.VisionEncoders;
import io.t3d.core.text.ReportTokenizer;
import io.t3d.core.torch.TorchEngine;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Builds a {@link T3DModel} from given encoders, and opens checkpoints of models with user-defined
 * parts.
 *
 * <pre>{@code
 * T3DModel model =
 *     T3DModel.builder()
 *         .vision(new MyEncoder(64)) // any VisionEncoder, or VisionConfig
 *         .text(TextConfig.tiny()) // any TextEncoder, or TextConfig
 *         .tokenizer(ReportTokenizer.fromCorpus(reports, 4096, 128))
 *         .embedDim(128)
 *         .seed(1)
 *         .build();
 * …
 * model.save(folder);
 * T3DModel again = T3DModel.builder().vision(new MyEncoder(64)).load(folder);
 * }</pre>
 *
 * <p>A checkpoint notes the class of an encoder of one's own, but nothing loads that class: who
 * opens it passes a new one, of the same sizes, whose weights are then read. So an encoder serves
 * one {@link #build} or {@link #load}, and belongs to that model from then on.
 */
public final class T3DModelBuilder {
  private VisionConfig visionConfig;
  private TextEncoderConfig textConfig;
  private VisionEncoder vision;
  private TextEncoder text;
  private ReportTokenizer tokenizer;
  private int embedDim = 512;
  private T3DConfig.Projection projection = T3DConfig.Projection.LINEAR;
  private double temperature = 0.07;
  private Optional<T3DConfig.Projection> visionProjection = Optional.empty();
  private Optional<T3DConfig.Projection> textProjection = Optional.empty();
  private Device device = Device.cpu();
  private long seed = 42;

  T3DModelBuilder() {}

  /** All settings at once; those of encoders that were passed before are replaced. */
  public T3DModelBuilder config(T3DConfig value) {
    vision(value.vision());
    text(value.text());
    embedDim = value.embedDim();
    projection = value.projection();
    temperature = value.temperature();
    visionProjection = value.visionProjection();
    textProjection = value.textProjection();
    return this;
  }

  /** A visual encoder, of one's own or of this library. Required, by this or by settings. */
  public T3DModelBuilder vision(VisionEncoder encoder) {
    vision = Objects.requireNonNull(encoder, "vision");
    visionConfig = null;
    return this;
  }

  /** A visual encoder of this library by its settings. */
  public T3DModelBuilder vision(VisionConfig settings) {
    visionConfig = Objects.requireNonNull(settings, "vision");
    vision = null;
    return this;
  }

  /** A text encoder, of one's own or of this library. Required, by this or by settings. */
  public T3DModelBuilder text(TextEncoder encoder) {
    text = Objects.requireNonNull(encoder, "text");
    textConfig = null;
    return this;
  }

  /** A text encoder of this library by its settings. */
  public T3DModelBuilder text(TextEncoderConfig settings) {
    textConfig = Objects.requireNonNull(settings, "text");
    text = null;
    return this;
  }

  /**
   * The tokenizer, from {@link #build} on owned by the model. May be left out where the text
   * encoder is one of this library: then {@code TextConfig.tokenizer} names it.
   */
  public T3DModelBuilder tokenizer(ReportTokenizer value) {
    tokenizer = Objects.requireNonNull(value, "tokenizer");
    return this;
  }

  /** E, width of the shared embedding; 512 unless set. */
  public T3DModelBuilder embedDim(int value) {
    embedDim = value;
    return this;
  }

  /** What follows the encoders; {@code LINEAR} unless set. */
  public T3DModelBuilder projection(T3DConfig.Projection value) {
    projection = Objects.requireNonNull(value, "projection");
    return this;
  }

  /** Where the learned temperature of the contrastive loss starts; 0.07, as in CLIP, unless set. */
  public T3DModelBuilder temperature(double value) {
    temperature = value;
    return this;
  }

  /** Where weights and arrays live; the CPU unless set. */
  public T3DModelBuilder device(Device value) {
    device = TorchEngine.require(value);
    return this;
  }

  /** Same seed, same random weights; 42 unless set. Sets the engine's random seed. */
  public T3DModelBuilder seed(long value) {
    seed = value;
    return this;
  }

  /**
   * A model with random weights, but for an encoder that has its weights already.
   *
   * @throws IllegalStateException when an encoder is missing, or a tokenizer for a text encoder of
   *     one's own
   * @throws io.t3d.core.T3dException when the tokenizer's file is none or it has more tokens than
   *     the text encoder; one that was passed then stays the caller's
   * @throws java.io.UncheckedIOException when the tokenizer's file is not there
   */
  public T3DModel build() {
    VisionEncoder eyes = encoder("vision", vision, visionConfig, VisionEncoders::create);
    TextEncoder reader = encoder("text", text, textConfig, TextEncoders::create);
    if (tokenizer != null) {
      return create(eyes, reader, tokenizer);
    }
    if (!(TextEncoders.configOf(reader, Integer.MAX_VALUE) instanceof TextConfig settings)) {
      throw new IllegalStateException(
          "A text encoder of one's own ("
              + reader.getClass().getName()
              + ") needs a tokenizer: call tokenizer(ReportTokenizer)");
    }
    ReportTokenizer own = ReportTokenizer.of(settings);
    try {
      return create(eyes, reader, own);
    } catch (RuntimeException e) {
      own.close();
      throw e;
    }
  }

  /** Gives a model its weights. */
  public interface WeightSource {
    /**
     * All weights of a model.
     *
     * @param owner owns the arrays
     * @param wanted name → shape, as of {@link T3DModel#parameters()}
     * @return an array for each of these names
     * @throws IOException when a weight is missing or does not fit
     */
    Map<String, NDArray> weights(NDManager owner, Map<String, Shape> wanted) throws IOException;
  }

  /**
   * A model of settings whose weights all come from elsewhere; nothing random is drawn.
   *
   * @param source is asked once
   * @throws IOException when weights are missing or do not fit; the tokenizer is then closed
   * @throws IllegalStateException when the tokenizer or an encoder is missing
   */
  public T3DModel build(WeightSource source) throws IOException {
    if (tokenizer == null) {
      throw new IllegalStateException("A model of given weights needs tokenizer(…)");
    }
    VisionEncoder eyes = encoder("vision", vision, visionConfig, VisionEncoders::create);
    TextEncoder reader = encoder("text", text, textConfig, TextEncoders::create);
    T3DModel model = null;
    try {
      model = T3DModel.empty(eyes, reader, settings(eyes, reader, tokenizer), tokenizer, device);
      try (NDManager scope = model.manager().newSubManager()) {
        Map<String, Shape> wanted = new LinkedHashMap<>();
        model.parameters().forEach((name, p) -> wanted.put(name, p.getArray().getShape()));
        Weights.load(model.block(), source.weights(scope, wanted), "The given weights");
      }
      return model;
    } catch (IOException | RuntimeException e) {
      if (model == null) {
        tokenizer.close();
      } else {
        model.close();
      }
      throw e;
    }
  }

  private interface Factory<C, E> {
    E create(C config);
  }

  private static <C, E> E encoder(String name, E given, C settings, Factory<C, E> factory) {
    if (given == null && settings == null) {
      throw new IllegalStateException(
          "T3DModel.builder() needs a " + name + " encoder: call " + name + "(…)");
    }
    return given != null ? given : factory.create(settings);
  }

  private T3DModel create(VisionEncoder eyes, TextEncoder reader, ReportTokenizer words) {
    return T3DModel.seeded(eyes, reader, settings(eyes, reader, words), words, device, seed);
  }

  private T3DConfig settings(VisionEncoder eyes, TextEncoder reader, ReportTokenizer words) {
    return new T3DConfig(
        VisionEncoders.configOf(eyes),
        TextEncoders.configOf(reader, words.maxLength()),
        embedDim,
        projection,
        temperature,
        visionProjection,
        textProjection);
  }

  /**
   * Opens a checkpoint whose model has encoders of one's own, as {@link T3DModel#load} opens
   * others. Of the builder's parts it takes encoders that were passed as such and the device; all
   * settings and the tokenizer are the checkpoint's.
   *
   * @param folder that {@link T3DModel#save} wrote
   * @throws IOException when a file is missing or broken, or when names or shapes of the weights
   *     are not those of the encoders
   * @throws io.t3d.core.T3dException when the checkpoint needs an encoder that was not passed
   * @throws IllegalArgumentException when one was passed that it does not need
   */
  public T3DModel load(Path folder) throws IOException {
    return ModelFiles.load(folder, device, vision, text);
  }
}
