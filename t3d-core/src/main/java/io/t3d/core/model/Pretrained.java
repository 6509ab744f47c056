package io.t3d.core.model;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.config.TextConfig;
import io.t3d.core.config.internal.LeftOutWhenEmpty;
import io.t3d.core.internal.weights.BertWeights;
import io.t3d.core.internal.weights.VisionWeights;
import io.t3d.core.internal.weights.WeightFiles;
import io.t3d.core.nn.internal.Weights;
import io.t3d.core.text.ReportTokenizer;
import io.t3d.core.text.internal.HuggingFaceFolder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * Published weights from which a new model's encoders are initialised.
 *
 * <pre>{@code
 * Pretrained pretrained =
 *     Pretrained.none()
 *         .withText(Path.of("models/RadBERT"))
 *         .withVision(Path.of("models/resnet_50_23dataset.pth"));
 * T3DModel model = pretrained.create(T3DConfig.resnet50(), Device.cpu(), 42);
 * }</pre>
 *
 * <p>The model notes the files and their SHA-256 ({@link T3DModel#origins}); a checkpoint of it
 * holds weights and tokenizer, and needs these files no more. docs/pretrained.md lists what loads.
 *
 * @param text a HuggingFace folder of the BERT or RoBERTa family, or a T3D checkpoint; its sizes
 *     and tokenizer replace those of {@code T3DConfig.text}
 * @param vision a state dict of a 3D ResNet or a vision transformer that fits {@code
 *     T3DConfig.vision}; or a T3D checkpoint, e.g. of {@code ./t3d import}, whose visual encoder
 *     replaces that of {@code T3DConfig.vision}
 * @param preparation whose preparation of volumes holds where {@code vision} is a checkpoint; left
 *     out, the run's settings must name the checkpoint's, or none
 */
public record Pretrained(
    Optional<Path> text,
    Optional<Path> vision,
    @LeftOutWhenEmpty Optional<Preparation> preparation) {
  /** Whose preparation of volumes a run uses that starts from another model's visual encoder. */
  public enum Preparation {
    /**
     * That of the model's checkpoint; a file of weights has none, and that of the settings holds.
     */
    MODEL,
    /** That of the settings, though the encoder was trained on volumes prepared otherwise. */
    CONFIG
  }

  /** With the settings' preparation, which must be the checkpoint's. */
  public Pretrained(Optional<Path> text, Optional<Path> vision) {
    this(text, vision, Optional.empty());
  }

  /** Random weights everywhere. */
  public static Pretrained none() {
    return new Pretrained(Optional.empty(), Optional.empty());
  }

  /** The same with a text encoder's folder. */
  public Pretrained withText(Path folder) {
    return new Pretrained(Optional.of(folder), vision, preparation);
  }

  /** The same with a vision encoder's file. */
  public Pretrained withVision(Path file) {
    return new Pretrained(text, Optional.of(file), preparation);
  }

  /** The same with another say in how volumes are prepared. */
  public Pretrained withPreparation(Preparation whose) {
    return new Pretrained(text, vision, Optional.of(whose));
  }

  /**
   * Fits a model's settings to the text folder, if there is one, and to a T3D checkpoint that the
   * visual encoder comes from.
   *
   * @throws IOException when a folder's {@code config.json} is missing or of another family
   */
  public T3DConfig fit(T3DConfig config) throws IOException {
    T3DConfig fitted = config;
    Optional<SavedModel> seen = vision.isPresent() ? SavedModel.at(vision.get()) : Optional.empty();
    if (seen.isPresent()) {
      fitted = fitted.toBuilder().vision(seen.get().config().vision()).build();
    }
    return text.isEmpty()
        ? fitted
        : fitted.withText(
            config.text().bert("Pretrained.withText").withSizesOf(textSizes(text.get())));
  }

  private static TextConfig textSizes(Path folder) throws IOException {
    Optional<SavedModel> saved = SavedModel.at(folder);
    return saved.isPresent() ? saved.get().text() : HuggingFaceFolder.sizes(folder);
  }

  /**
   * A model whose encoders start from these weights; the rest is random.
   *
   * @param config sizes; those of the text encoder come from its folder
   * @param device where weights and arrays live
   * @param seed same seed, same random weights
   * @throws IOException when files are missing or damaged, or names or shapes do not fit
   */
  public T3DModel create(T3DConfig config, Device device, long seed) throws IOException {
    return loadInto(T3DModel.create(fit(config), device, seed));
  }

  /**
   * As {@link #create(T3DConfig, Device, long)}, over a tokenizer that the model owns from now on;
   * for models whose text encoder is not pretrained.
   */
  public T3DModel create(T3DConfig config, ReportTokenizer tokenizer, Device device, long seed)
      throws IOException {
    return loadInto(T3DModel.create(fit(config), tokenizer, device, seed));
  }

  private T3DModel loadInto(T3DModel model) throws IOException {
    try {
      if (text.isPresent()) {
        loadText(model, text.get());
      }
      if (vision.isPresent()) {
        loadVision(model, vision.get());
      }
      return model;
    } catch (IOException | RuntimeException e) {
      model.close();
      throw e;
    }
  }

  /**
   * Replaces the weights of a model's text encoder.
   *
   * @param model with the folder's sizes and tokenizer; see {@link #fit}
   * @param path a HuggingFace folder, a T3D checkpoint, or a file of weights
   * @throws IOException when the file is damaged, or names or shapes differ; the model is unchanged
   */
  public static void loadText(T3DModel model, Path path) throws IOException {
    Optional<SavedModel> saved = SavedModel.at(path);
    try (NDManager scope = model.manager().newSubManager()) {
      WeightFiles.Loaded loaded =
          WeightFiles.read(scope, saved.map(SavedModel::folder).orElse(path));
      Map<String, NDArray> tensors =
          saved.isPresent()
              ? SavedModel.of("text", loaded.tensors(), path.toString())
              : BertWeights.toEncoder(loaded.tensors(), path.toString());
      Weights.load(model.network().text, tensors, path.toString());
      model.noteOrigin("text", loaded.origin());
    }
  }

  /**
   * Replaces the weights of a model's vision encoder.
   *
   * @param model of the file's sizes
   * @param path a file of weights, a HuggingFace folder of a ViT, or a T3D checkpoint
   * @throws IOException when the file is damaged, or names or shapes differ; the model is unchanged
   */
  public static void loadVision(T3DModel model, Path path) throws IOException {
    Optional<SavedModel> saved = SavedModel.at(path);
    try (NDManager scope = model.manager().newSubManager()) {
      WeightFiles.Loaded loaded =
          WeightFiles.read(scope, saved.map(SavedModel::folder).orElse(path));
      Map<String, NDArray> tensors =
          saved.isPresent()
              ? SavedModel.of("vision", loaded.tensors(), path.toString())
              : VisionWeights.toEncoder(model.config().vision(), loaded.tensors(), path.toString());
      Weights.load(model.network().vision, tensors, path.toString());
      model.noteOrigin("vision", loaded.origin());
    }
  }
}
