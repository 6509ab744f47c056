package io.t3d.core.model;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.t3d.core.T3dException;
import io.t3d.core.config.Configs;
import io.t3d.core.config.CustomTextConfig;
import io.t3d.core.config.CustomVisionConfig;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.config.TextConfig;
import io.t3d.core.file.Safetensors;
import io.t3d.core.internal.AtomicFiles;
import io.t3d.core.internal.PointerFiles;
import io.t3d.core.internal.SavedFolder;
import io.t3d.core.nn.Encoder;
import io.t3d.core.nn.TextEncoder;
import io.t3d.core.nn.VisionEncoder;
import io.t3d.core.nn.internal.LoraLayers;
import io.t3d.core.nn.internal.Weights;
import io.t3d.core.nn.internal.encoder.TextEncoders;
import io.t3d.core.nn.internal.encoder.VisionEncoders;
import io.t3d.core.text.ReportTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A model as a folder. Weights go under full names with their shapes, and both are checked. */
final class ModelFiles {
  private static final Logger LOG = LoggerFactory.getLogger(ModelFiles.class);
  private static final String CONFIG = "config.json";
  private static final String RUN = "checkpoint"; // what a run names the folder
  private static final String WEIGHTS = "model.safetensors";
  private static final String ORIGIN = "pretrained."; // of the metadata's keys

  private ModelFiles() {}

  /** Weights of one model never lie beside the config or the tokenizer of another. */
  static void save(Path dir, T3DModel model, ReportTokenizer tokenizer) throws IOException {
    model.manager(); // open
    Map<String, NDArray> tensors = new LinkedHashMap<>();
    model.parameters().forEach((name, parameter) -> tensors.put(name, parameter.getArray()));
    Map<String, String> metadata = new LinkedHashMap<>(Map.of("format", "pt"));
    model.origins().forEach((encoder, origin) -> metadata.put(ORIGIN + encoder, origin));
    AtomicFiles.writeTogether(
        dir,
        WEIGHTS,
        Set.of(),
        aside -> {
          tokenizer.save(aside.resolve(ReportTokenizer.FILE_NAME));
          AtomicFiles.writeText(aside.resolve(CONFIG), Configs.toJson(model.config()));
          Safetensors.write(aside.resolve(WEIGHTS), tensors, metadata);
        });
  }

  /**
   * Opens a folder.
   *
   * @param vision an encoder of the caller's, or null to build what the config describes
   * @param text likewise
   */
  static T3DModel load(Path dir, Device device, VisionEncoder vision, TextEncoder text)
      throws IOException {
    if (!Files.exists(dir.resolve(CONFIG)) && Files.exists(dir.resolve(RUN).resolve(CONFIG))) {
      throw new NoSuchFileException(
          dir.resolve(CONFIG).toString(),
          null,
          dir + " is the folder of a run, expected a checkpoint; load " + dir.resolve(RUN));
    }
    SavedFolder.require(
        dir, "a T3D checkpoint", List.of(CONFIG, ReportTokenizer.FILE_NAME, WEIGHTS));
    String json = PointerFiles.readText(dir.resolve(CONFIG));
    T3DConfig config =
        Configs.fromJson(OldCheckpoints.config(json, dir), T3DConfig.class, dir.resolve(CONFIG));
    check(dir, config, vision, text);
    VisionEncoder eyes = vision != null ? vision : VisionEncoders.create(config.vision());
    TextEncoder reader = text != null ? text : TextEncoders.create(config.text());
    ReportTokenizer tokenizer =
        ReportTokenizer.fromSaved(
            dir.resolve(ReportTokenizer.FILE_NAME),
            config.text().maxLength(),
            config.text() instanceof TextConfig bert ? bert.longReports() : Optional.empty());
    T3DModel model = null;
    try {
      model = T3DModel.empty(eyes, reader, config, tokenizer, device);
      readWeights(dir.resolve(WEIGHTS), model);
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

  /** Refuses a missing encoder of one's own, and one that the checkpoint has no use for. */
  private static void check(Path dir, T3DConfig config, VisionEncoder vision, TextEncoder text) {
    Optional<String> visionClass =
        config.vision() instanceof CustomVisionConfig custom
            ? Optional.of(custom.encoder())
            : Optional.empty();
    Optional<String> textClass =
        config.text() instanceof CustomTextConfig custom
            ? Optional.of(custom.encoder())
            : Optional.empty();
    boolean missing = visionClass.isPresent() && vision == null;
    missing |= textClass.isPresent() && text == null;
    if (missing) {
      String call =
          visionClass.map(c -> ".vision(encoder)").orElse("")
              + textClass.map(c -> ".text(encoder)").orElse("");
      throw new T3dException(
          T3dException.Kind.USAGE,
          dir
              + " holds a model with an encoder of one's own:"
              + visionClass.map(c -> " vision is a " + c + ";").orElse("")
              + textClass.map(c -> " text is a " + c + ";").orElse("")
              + " open it with T3DModel.builder()"
              + call
              + ".load(folder), or TrainedModel.open(folder, this builder), where the encoder is a new"
              + " one of that class and of the same sizes");
    }
    checkGiven(dir, "vision", vision, visionClass);
    checkGiven(dir, "text", text, textClass);
  }

  private static void checkGiven(Path dir, String part, Encoder given, Optional<String> needed) {
    if (given == null) {
      return;
    }
    String name = given.getClass().getName();
    if (needed.isEmpty()) {
      throw new IllegalArgumentException(
          dir
              + " needs no "
              + part
              + " encoder, its config describes one of this library, got a "
              + name
              + "; leave "
              + part
              + "(…) out");
    }
    if (!needed.get().startsWith(name)) {
      // A class may have been renamed since: names and shapes of the weights decide.
      LOG.warn(
          "{} was saved with a {} as {} encoder and is opened with a {}",
          dir,
          needed.get(),
          part,
          name);
    }
  }

  private static void readWeights(Path file, T3DModel model) throws IOException {
    try (NDManager scope = model.manager().newSubManager()) {
      Safetensors.Contents contents = Safetensors.read(scope, file);
      Map<String, NDArray> tensors =
          LoraLayers.merged(OldCheckpoints.weights(contents.tensors()), file.toString());
      Weights.load(model.block(), tensors, file.toString());
      noteOrigins(contents.metadata(), model);
    }
  }

  /** Takes over what {@link #save} wrote into the weights' metadata. */
  private static void noteOrigins(Map<String, String> metadata, T3DModel model) {
    metadata.forEach(
        (key, value) -> {
          if (key.startsWith(ORIGIN)) {
            model.noteOrigin(key.substring(ORIGIN.length()), value);
          }
        });
  }
}
