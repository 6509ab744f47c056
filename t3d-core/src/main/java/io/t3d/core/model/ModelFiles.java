package io.t3d.core.model;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.t3d.core.config.Configs;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.file.AtomicFiles;
import io.t3d.core.file.Safetensors;
import io.t3d.core.file.SavedFolder;
import io.t3d.core.nn.Weights;
import io.t3d.core.text.ReportTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** A model as a folder. Weights go under full names with their shapes, and both are checked. */
final class ModelFiles {
  private static final String CONFIG = "config.json";
  private static final String RUN = "checkpoint"; // what a run names the folder
  private static final String WEIGHTS = "model.safetensors";
  private static final String ORIGIN = "pretrained."; // of the metadata's keys

  private ModelFiles() {}

  /** Each file is replaced as a whole, the weights last. */
  static void save(Path dir, T3DModel model, ReportTokenizer tokenizer) throws IOException {
    AtomicFiles.makeFolder(dir);
    tokenizer.save(dir.resolve(ReportTokenizer.FILE_NAME));
    AtomicFiles.writeText(dir.resolve(CONFIG), Configs.toJson(model.config()));
    Map<String, NDArray> tensors = new LinkedHashMap<>();
    model.parameters().forEach((name, parameter) -> tensors.put(name, parameter.getArray()));
    Map<String, String> metadata = new LinkedHashMap<>(Map.of("format", "pt"));
    model.origins().forEach((encoder, origin) -> metadata.put(ORIGIN + encoder, origin));
    Safetensors.write(dir.resolve(WEIGHTS), tensors, metadata);
  }

  static T3DModel load(Path dir, Device device) throws IOException {
    if (!Files.exists(dir.resolve(CONFIG)) && Files.exists(dir.resolve(RUN).resolve(CONFIG))) {
      throw new NoSuchFileException(
          dir.resolve(CONFIG).toString(),
          null,
          dir + " is the folder of a run, expected a checkpoint; load " + dir.resolve(RUN));
    }
    SavedFolder.require(
        dir, "a T3D checkpoint", List.of(CONFIG, ReportTokenizer.FILE_NAME, WEIGHTS));
    String json = Files.readString(dir.resolve(CONFIG));
    T3DConfig config =
        Configs.fromJson(OldCheckpoints.config(json, dir), T3DConfig.class, dir.resolve(CONFIG));
    ReportTokenizer tokenizer =
        ReportTokenizer.fromPretrained(
            dir.resolve(ReportTokenizer.FILE_NAME), config.text().maxLength());
    T3DModel model = null;
    try {
      model = T3DModel.create(config, tokenizer, device, 0);
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

  private static void readWeights(Path file, T3DModel model) throws IOException {
    try (NDManager scope = model.manager().newSubManager()) {
      Safetensors.Contents contents = Safetensors.read(scope, file);
      Weights.load(model.block(), OldCheckpoints.weights(contents.tensors()), file.toString());
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
