package io.t3d.core.internal.onnx;

import ai.djl.ndarray.NDManager;
import io.t3d.core.config.CropVit3dConfig;
import io.t3d.core.config.Size3;
import java.util.Optional;

/**
 * A {@code CropVit3d} in inference, for views of one size. All crops of a batch are read at once.
 */
final class OnnxCropVit {
  private static final String HEAD = "vision.head.linear";

  private final OnnxLayers layers;
  private final CropVit3dConfig config;
  private final NDManager manager;

  /**
   * A network of a graph.
   *
   * @param manager owns tables of positions; must stay open until the file is written
   */
  OnnxCropVit(OnnxLayers layers, CropVit3dConfig config, NDManager manager) {
    this.layers = layers;
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
    Size3 grid = OnnxGrids.of("crop", config.crop(), view);
    long crops = (long) grid.depth() * grid.height() * grid.width();
    String vectors = vectors(cut(views, grid)); // (B·N, 2·C)
    String rows = layers.reshape(vectors, -1, crops, config.local().channels());
    String x = layers.linear("vision.combiner.patch_proj", rows); // (B, N, C)
    OnnxFeatures seen =
        new OnnxVitTrunk(layers, "vision.combiner", config.combiner(), manager).run(x, grid);
    return config.head().isEmpty()
        ? seen
        : new OnnxFeatures(
            head(seen.tokens()), Optional.of(head(layers.mean(seen.tokens(), false))));
  }

  /** Crops {@code (B·N, 1, d, h, w)}, those of a view one after the other. */
  private String cut(String views, Size3 grid) {
    Size3 c = config.crop();
    return layers.reshape(layers.blocks(views, grid, c), -1, 1, c.depth(), c.height(), c.width());
  }

  private String vectors(String crops) {
    OnnxFeatures seen =
        new OnnxVit(layers, "vision.local", config.local(), manager).run(crops, config.crop());
    return layers.mean(seen.tokens(), false); // every token bears the class token
  }

  private String head(String x) {
    String y = layers.gelu(layers.linear(HEAD + 1, x));
    y = layers.gelu(layers.linear(HEAD + 2, y));
    return layers.linear(HEAD + 4, layers.linear(HEAD + 3, y));
  }
}
