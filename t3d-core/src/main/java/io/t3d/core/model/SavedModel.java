package io.t3d.core.model;

import ai.djl.ndarray.NDArray;
import io.t3d.core.config.Configs;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.config.TextConfig;
import io.t3d.core.internal.PointerFiles;
import io.t3d.core.nn.internal.LoraLayers;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * A folder of {@link T3DModel#save}, whose encoders another model starts from.
 *
 * @param folder the checkpoint
 * @param config its settings
 */
record SavedModel(Path folder, T3DConfig config) {
  private static final String CONFIG = "config.json";
  private static final String OURS = "\"embedDim\""; // a key that other config.json have not

  /**
   * The checkpoint at a path.
   *
   * @param path a checkpoint, an imported model, the folder of a run, or anything else
   * @return empty when it is none
   * @throws IOException when its settings cannot be read
   */
  static Optional<SavedModel> at(Path path) throws IOException {
    for (Path folder : new Path[] {path.resolve("checkpoint"), path}) {
      Path file = folder.resolve(CONFIG);
      if (Files.isRegularFile(file)) {
        String json = PointerFiles.readText(file);
        if (json.contains(OURS)) {
          String today = OldCheckpoints.config(json, folder);
          return Optional.of(
              new SavedModel(folder, Configs.fromJson(today, T3DConfig.class, file)));
        }
      }
    }
    return Optional.empty();
  }

  /** The text encoder's settings, with the tokenizer in the folder. */
  TextConfig text() {
    return config.text().bert(folder + " as a text encoder to start from").toBuilder()
        .tokenizer(folder.toString())
        .build();
  }

  /** The tensors of one encoder under its own names, low-rank pairs merged. */
  static Map<String, NDArray> of(String encoder, Map<String, NDArray> tensors, String source)
      throws IOException {
    String prefix = encoder + ".";
    Map<String, NDArray> out = new LinkedHashMap<>();
    LoraLayers.merged(OldCheckpoints.weights(tensors), source)
        .forEach(
            (name, array) -> {
              if (name.startsWith(prefix)) {
                out.put(name.substring(prefix.length()), array);
              }
            });
    return out;
  }
}
