package io.t3d.core.internal.onnx;

import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import io.t3d.core.T3dException;
import io.t3d.core.config.ResNet3dConfig;
import io.t3d.core.config.Size3;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.config.TextConfig;
import io.t3d.core.config.Vit3dConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;

/** Encoders with their projections as files of ONNX. */
public final class OnnxModels {
  private static final String BATCH = "batch";

  private OnnxModels() {}

  /**
   * Writes the vision encoder: {@code views (batch, 1, D, H, W)} to {@code embedding (batch, E)},
   * L2-normalised, and {@code tokens (batch, N, C)}, before the projection.
   *
   * @param config of the model
   * @param weights of the model by name
   * @param manager owns tables of positions
   * @param view (D, H, W), which the file is for
   * @throws T3dException when the encoder has no such form
   */
  public static void writeVision(
      T3DConfig config,
      Map<String, Parameter> weights,
      NDManager manager,
      Size3 view,
      Path file,
      Map<String, String> notes)
      throws IOException {
    OnnxGraph graph = new OnnxGraph();
    OnnxLayers layers = new OnnxLayers(graph, weights);
    String views = graph.input("views", BATCH, 1, view.depth(), view.height(), view.width());
    try (NDManager scope = manager.newSubManager()) {
      OnnxVit.Features features = vision(config, layers, scope, views, view);
      String embedding = layers.projection("vision_projection", features.pooled());
      graph.output(layers.normalized(embedding), "embedding", BATCH, config.embedDim());
      graph.output(features.tokens(), "tokens", BATCH, "tokens", config.vision().channels());
      graph.write(file, "vision", notes);
    }
  }

  private static OnnxVit.Features vision(
      T3DConfig config, OnnxLayers layers, NDManager scope, String views, Size3 view) {
    if (config.vision() instanceof ResNet3dConfig resnet) {
      String tokens = new OnnxResNet(layers, resnet).tokens(views);
      return new OnnxVit.Features(tokens, layers.mean(tokens, false));
    }
    if (config.vision() instanceof Vit3dConfig vit) {
      return new OnnxVit(layers, vit, scope).run(views, grid(vit.patch(), view));
    }
    throw new T3dException(
        T3dException.Kind.USAGE,
        "ONNX files are written of ResNet3d and Vit3d, got "
            + config.vision().getClass().getSimpleName().replace("Config", "")
            + ", which has no such form here");
  }

  private static Size3 grid(Size3 patch, Size3 view) {
    Shape sizes = new Shape(view.depth(), view.height(), view.width());
    if (sizes.get(0) % patch.depth() != 0
        || sizes.get(1) % patch.height() != 0
        || sizes.get(2) % patch.width() != 0) {
      throw new T3dException(
          T3dException.Kind.USAGE, "The patch " + patch + " must divide the view, got " + view);
    }
    return new Size3(
        view.depth() / patch.depth(), view.height() / patch.height(), view.width() / patch.width());
  }

  /**
   * Writes the text encoder: {@code input_ids} and {@code attention_mask}, {@code (batch, length)}
   * of int64, to {@code embedding (batch, E)}, L2-normalised.
   *
   * @param config of the model
   * @param text of its text encoder
   * @param weights of the model by name
   */
  public static void writeText(
      T3DConfig config,
      TextConfig text,
      Map<String, Parameter> weights,
      Path file,
      Map<String, String> notes)
      throws IOException {
    OnnxGraph graph = new OnnxGraph();
    OnnxLayers layers = new OnnxLayers(graph, weights);
    String ids = graph.integerInput("input_ids", BATCH, "length");
    String mask = graph.integerInput("attention_mask", BATCH, "length");
    String features = new OnnxBert(layers, text).run(ids, mask);
    String embedding = layers.projection("text_projection", features);
    graph.output(layers.normalized(embedding), "embedding", BATCH, config.embedDim());
    graph.write(file, "text", notes);
  }
}
