package io.t3d.core.internal.onnx;

import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import io.t3d.core.T3dException;
import io.t3d.core.config.CropVit3dConfig;
import io.t3d.core.config.CtVitConfig;
import io.t3d.core.config.CustomVisionConfig;
import io.t3d.core.config.OrganVit3dConfig;
import io.t3d.core.config.ResNet3dConfig;
import io.t3d.core.config.Size3;
import io.t3d.core.config.T3DConfig;
import io.t3d.core.config.T3DConfig.Projection;
import io.t3d.core.config.TextConfig;
import io.t3d.core.config.VisionConfig;
import io.t3d.core.config.Vit3dConfig;
import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;

/** Encoders with their projections as files of ONNX. */
public final class OnnxModels {
  private static final String BATCH = "batch";

  private OnnxModels() {}

  /**
   * Writes the vision encoder: {@code views (batch, 1, D, H, W)} to {@code embedding (batch, E)},
   * L2-normalised, and {@code tokens (batch, N, C)}, before the projection. Of an {@code
   * OrganVit3d} windows, masks of their shape and {@code organ (batch)}, int64, to the embedding
   * alone.
   *
   * @param config of the model
   * @param weights of the model by name
   * @param manager owns tables of positions
   * @param view (D, H, W), which the file is for; that of an {@code OrganVit3d} takes any size
   *     where its positions do
   * @throws T3dException when the encoder has no such form, or the view does not fit it
   */
  public static void writeVision(
      T3DConfig config,
      Map<String, Parameter> weights,
      NDManager manager,
      Size3 view,
      Path file,
      Map<String, String> notes)
      throws IOException {
    if (config.vision() instanceof OrganVit3dConfig organs) {
      writeOrgans(organs, weights, manager, view, file, notes);
      return;
    }
    OnnxGraph graph = new OnnxGraph();
    OnnxLayers layers = new OnnxLayers(graph, weights);
    String views = graph.input("views", BATCH, 1, view.depth(), view.height(), view.width());
    try (NDManager scope = manager.newSubManager()) {
      OnnxFeatures seen = vision(config.vision(), layers, scope, views, view);
      String embedding = layers.projection("vision_projection", pooled(config, layers, seen));
      graph.output(layers.normalized(embedding, 1), "embedding", BATCH, config.embedDim());
      graph.output(seen.tokens(), "tokens", BATCH, "tokens", config.vision().channels());
      graph.write(file, "vision", notes);
    }
  }

  private static void writeOrgans(
      OrganVit3dConfig config,
      Map<String, Parameter> weights,
      NDManager manager,
      Size3 view,
      Path file,
      Map<String, String> notes)
      throws IOException {
    OnnxGraph graph = new OnnxGraph();
    OnnxLayers layers = new OnnxLayers(graph, weights);
    Object[] shape =
        OnnxOrganVit.takesAnySize(config)
            ? new Object[] {BATCH, 1, "depth", "height", "width"}
            : new Object[] {BATCH, 1, view.depth(), view.height(), view.width()};
    String views = graph.input("views", shape);
    String mask = graph.input("mask", shape);
    String organ = graph.integerInput("organ", BATCH);
    Map<String, String> more = new LinkedHashMap<>(notes);
    more.put(
        "t3d.organs",
        String.join(",", config.organs().stream().map(OrganVit3dConfig.Organ::name).toList()));
    try (NDManager scope = manager.newSubManager()) {
      String embedding = new OnnxOrganVit(layers, config, scope).run(views, mask, organ, view);
      graph.output(layers.normalized(embedding, 1), "embedding", BATCH, config.embedDim());
      graph.write(file, "vision", more);
    }
  }

  private static OnnxFeatures vision(
      VisionConfig config, OnnxLayers layers, NDManager scope, String views, Size3 view) {
    if (config instanceof ResNet3dConfig resnet) {
      return new OnnxFeatures(new OnnxResNet(layers, resnet).tokens(views));
    }
    if (config instanceof Vit3dConfig vit) {
      return new OnnxVit(layers, "vision", vit, scope).run(views, view);
    }
    if (config instanceof CropVit3dConfig crops) {
      return new OnnxCropVit(layers, crops, scope).run(views, view);
    }
    if (config instanceof CtVitConfig ctVit) {
      return new OnnxCtVit(layers, ctVit).run(views, view);
    }
    String encoder =
        config instanceof CustomVisionConfig custom
            ? custom.encoder()
            : config.getClass().getSimpleName().replace("Config", "");
    throw new T3dException(
        T3dException.Kind.USAGE,
        "ONNX files are written of ResNet3d, Vit3d, CropVit3d, CtVit and OrganVit3d, got "
            + encoder
            + ", which has no such form here; write one by code of your own");
  }

  /** What the projection reads. */
  private static String pooled(T3DConfig config, OnnxLayers layers, OnnxFeatures seen) {
    if (config.projectionOfVision() == Projection.LINEAR_PER_PLACE) {
      // The mean slab, one place after the other, as the columns of the projection are.
      long width = (long) config.vision().places() * config.vision().channels();
      return layers.mean(layers.reshape(seen.tokens(), 0, -1, width), false); // (B, P·C)
    }
    return seen.pooled().orElseGet(() -> layers.mean(seen.tokens(), false)); // (B, C)
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
    graph.output(layers.normalized(embedding, 1), "embedding", BATCH, config.embedDim());
    graph.write(file, "text", notes);
  }
}
