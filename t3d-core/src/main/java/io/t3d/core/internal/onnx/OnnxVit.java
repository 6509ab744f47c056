package io.t3d.core.internal.onnx;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.t3d.core.T3dException;
import io.t3d.core.config.Size3;
import io.t3d.core.config.Vit3dConfig;
import io.t3d.core.internal.onnx.OnnxGraph.Setting;
import io.t3d.core.nn.internal.SinCosPosition3d;
import java.util.List;

/** A {@code Vit3d} in inference, for views of one size unless a method says otherwise. */
final class OnnxVit {
  private final OnnxLayers layers;
  private final OnnxGraph graph;
  private final String owner;
  private final Vit3dConfig config;
  private final NDManager manager;

  /**
   * A transformer of a graph.
   *
   * @param owner name of the block whose children hold the weights
   * @param manager owns tables of positions; must stay open until the file is written
   */
  OnnxVit(OnnxLayers layers, String owner, Vit3dConfig config, NDManager manager) {
    this.layers = layers;
    this.graph = layers.graph();
    this.owner = owner;
    this.config = config;
    this.manager = manager;
  }

  /**
   * Runs it all.
   *
   * @param views {@code (B, 1, D, H, W)}
   * @param view (D, H, W)
   */
  OnnxFeatures run(String views, Size3 view) {
    Size3 grid = OnnxGrids.of("patch", config.patch(), view);
    return trunk().run(withPositions(patches(views), grid), grid);
  }

  /**
   * The tokens behind some layers, of a plain transformer; those of the last have passed the final
   * norm.
   *
   * @param views {@code (B, 1, D, H, W)}; of any size that the patch divides where positions are
   *     NONE or LEARNED_RESIZED
   * @param view (D, H, W), which other positions are for
   * @param levels from 0 on, ascending
   * @return one {@code (B, N, C)} for each level
   */
  List<String> levels(String views, Size3 view, List<Integer> levels) {
    Size3 grid = OnnxGrids.of("patch", config.patch(), view);
    return trunk().levels(withPositions(patches(views), grid), levels);
  }

  private OnnxVitTrunk trunk() {
    return new OnnxVitTrunk(layers, owner, config, manager);
  }

  /** {@code (B, C, d, h, w)}. */
  private String patches(String views) {
    Size3 p = config.patch();
    String name = owner + ".patch_embedding.patch_embeddings";
    return graph.apply(
        "Conv",
        List.of(views, layers.weight(name + ".weight"), layers.weight(name + ".bias")),
        Setting.of("kernel_shape", p.depth(), p.height(), p.width()),
        Setting.of("strides", p.depth(), p.height(), p.width()));
  }

  /** A map as tokens {@code (B, N, C)} that know where they are. */
  private String withPositions(String map, Size3 grid) {
    String tokens = layers.tokens(map);
    return switch (config.position()) {
      case NONE -> tokens;
      case SINCOS ->
          layers.add(
              tokens, graph.constant(SinCosPosition3d.table(manager, grid, config.hiddenSize())));
      case LEARNED -> layers.add(tokens, graph.constant(learned(grid)));
      case LEARNED_RESIZED -> layers.add(tokens, resized(map));
    };
  }

  /** The learned table on the grid of a map, whatever that is, {@code (1, N, C)}. */
  private String resized(String map) {
    Size3 full = config.gridSize();
    long c = config.hiddenSize();
    String table = layers.weight(owner + ".patch_embedding.position_embeddings"); // (1, N, C)
    String cube =
        layers.reshape(
            layers.transpose(table, 0, 2, 1), 1, c, full.depth(), full.height(), full.width());
    String grid = layers.slice(graph.apply("Shape", List.of(map)), 0, 2, 5); // (d, h, w)
    String onGrid =
        graph.apply(
            "Resize",
            List.of(cube, "", "", layers.concat(0, graph.integers(1, c), grid)),
            Setting.text("mode", "linear"),
            Setting.text("coordinate_transformation_mode", "half_pixel")); // as PyTorch's
    return layers.tokens(onGrid);
  }

  /** The middle of the learned table, {@code (1, N, C)}. */
  private NDArray learned(Size3 grid) {
    Size3 full = config.gridSize();
    if (grid.depth() > full.depth()
        || grid.height() > full.height()
        || grid.width() > full.width()) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "The view's token grid must fit into the learned position table "
              + OnnxGrids.format(full)
              + ", got "
              + OnnxGrids.format(grid)
              + "; export for a smaller view");
    }
    NDArray table = layers.array(owner + ".patch_embedding.position_embeddings").duplicate();
    table.attach(manager);
    NDArray cube = table.reshape(full.depth(), full.height(), full.width(), config.hiddenSize());
    String middle =
        span(full.depth(), grid.depth())
            + ", "
            + span(full.height(), grid.height())
            + ", "
            + span(full.width(), grid.width());
    return cube.get(middle).reshape(1, -1, config.hiddenSize());
  }

  private static String span(int full, int size) {
    return (full - size) / 2 + ":" + (full + size) / 2;
  }
}
