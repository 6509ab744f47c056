package io.t3d.core.model;

import ai.djl.ndarray.NDArray;
import io.t3d.core.T3dException;
import io.t3d.core.config.CtVitConfig;
import io.t3d.core.config.TextConfig;
import io.t3d.core.file.Safetensors;
import io.t3d.core.internal.AtomicFiles;
import io.t3d.core.nn.StateDict;
import io.t3d.core.text.ReportTokenizer;
import io.t3d.core.text.internal.HuggingFaceFolder;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * Writes the parts of a model in the form Python expects; docs/pretrained.md shows how to load
 * them.
 *
 * <pre>{@code
 * DIR/text/                     for transformers.AutoModel and AutoTokenizer
 * DIR/vision.safetensors        for monai.networks.nets.resnet… or .ViT, load_state_dict
 * DIR/projections.safetensors   vision_projection.*, text_projection.*, logit_scale, …
 * }</pre>
 */
public final class ModelExport {
  private ModelExport() {}

  /**
   * Writes all parts; each file is replaced as a whole.
   *
   * @param model to export; stays as it is
   * @param folder made when missing
   * @throws T3dException when the visual encoder is of no kind that MONAI has, or the model has
   *     low-rank pairs: {@link T3DModel#mergeLora} them first
   * @throws IllegalArgumentException when the text encoder is a class of one's own
   */
  public static void write(T3DModel model, Path folder) throws IOException {
    TextConfig config = model.config().text().bert("Export for transformers");
    if (model.config().vision() instanceof CtVitConfig) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "Exports are for MONAI's ResNets and ViTs, got a CtVit, which has no counterpart there;"
              + " the names in model.safetensors are those of CtVit");
    }
    model.lora().requireNone("An export");
    Path text = AtomicFiles.makeFolder(folder.resolve("text"));
    AtomicFiles.writeText(text.resolve("config.json"), HuggingFaceFolder.describe(config));
    model.tokenizer().save(text.resolve(ReportTokenizer.FILE_NAME));
    AtomicFiles.writeText(
        text.resolve("tokenizer_config.json"), HuggingFaceFolder.describe(model.tokenizer()));
    writeTensors(text.resolve("model.safetensors"), arrays(model, "text."));
    writeTensors(folder.resolve("vision.safetensors"), arrays(model, "vision."));
    writeTensors(folder.resolve("projections.safetensors"), others(model));
  }

  /** The arrays under a prefix, without it. */
  private static Map<String, NDArray> arrays(T3DModel model, String prefix) {
    Map<String, NDArray> out = new LinkedHashMap<>();
    StateDict.of(model.block())
        .forEach(
            (name, parameter) -> {
              if (name.startsWith(prefix)) {
                out.put(name.substring(prefix.length()), parameter.getArray());
              }
            });
    return out;
  }

  private static Map<String, NDArray> others(T3DModel model) {
    Map<String, NDArray> out = arrays(model, "");
    out.keySet().removeIf(name -> name.startsWith("text.") || name.startsWith("vision."));
    return out;
  }

  private static void writeTensors(Path file, Map<String, NDArray> tensors) throws IOException {
    Safetensors.write(file, tensors, Map.of("format", "pt"));
  }
}
