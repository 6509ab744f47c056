package io.t3d.core.internal.onnx;

import ai.djl.ndarray.types.Shape;
import io.t3d.core.T3dException;
import io.t3d.core.config.CtVitConfig;
import io.t3d.core.config.Size3;
import io.t3d.core.internal.onnx.OnnxGraph.Setting;
import io.t3d.core.nn.internal.SlabDistances;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A {@code CtVit} in inference, for views of one size.
 *
 * <p>A token whose two nearest codes are about as near may get the other one of them than in {@code
 * CtVit}, since sums are rounded in another order.
 */
final class OnnxCtVit {
  private static final double NORM_EPSILON = 1e-5;
  private static final double SLOPE = 0.1; // of the leaky ReLU

  /** Tokens of a view at a time, as in {@code Codebook}: their likeness to all codes is large. */
  private static final int ROWS = 2048;

  private final OnnxLayers layers;
  private final OnnxGraph graph;
  private final CtVitConfig config;

  OnnxCtVit(OnnxLayers layers, CtVitConfig config) {
    this.layers = layers;
    this.graph = layers.graph();
    this.config = config;
  }

  /**
   * Runs it all.
   *
   * @param views {@code (B, 1, D, H, W)}
   * @param view (D, H, W)
   */
  OnnxFeatures run(String views, Size3 view) {
    Size3 grid = grid(view);
    int d = grid.depth();
    int places = config.places();
    int c = config.hiddenSize();
    String x = layers.reshape(patches(views, grid), -1, places, c); // (B·d, P, C)
    x = transformer("vision.spatial", config.spatialLayers(), x, grid, Optional.of(byDistance()));
    x = layers.reshape(reordered(x, d, places), -1, d, c); // (B·P, d, C)
    x = transformer("vision.temporal", config.temporalLayers(), x, grid, Optional.empty());
    x = layers.reshape(reordered(x, places, d), -1, (long) d * places, c); // (B, N, C)
    return new OnnxFeatures(quantized(x, d * places));
  }

  private Size3 grid(Size3 view) {
    Size3 p = config.patch();
    Size3 slab =
        new Size3(p.depth(), p.height() * config.gridHeight(), p.width() * config.gridWidth());
    if (view.height() != slab.height() || view.width() != slab.width()) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "The view of a CtVit must be (n·"
              + slab.depth()
              + ", "
              + slab.height()
              + ", "
              + slab.width()
              + "), got "
              + OnnxGrids.format(view)
              + "; export for the size that its data.json has (views.globalSize)");
    }
    return OnnxGrids.of("patch", p, view);
  }

  private String patches(String views, Size3 grid) {
    Size3 p = config.patch();
    long tokens = (long) grid.depth() * config.places();
    long voxels = (long) p.depth() * p.height() * p.width();
    String x = layers.reshape(layers.blocks(views, grid, p), -1, tokens, voxels);
    x = layers.layerNorm("vision.patch_embedding.norm1", x, NORM_EPSILON);
    x = layers.linear("vision.patch_embedding.linear", x);
    return layers.layerNorm("vision.patch_embedding.norm2", x, NORM_EPSILON); // (B, N, C)
  }

  /** {@code (…, C)} of B·outer·inner tokens to {@code (B, inner, outer, C)}. */
  private String reordered(String x, int outer, int inner) {
    return layers.transpose(layers.reshape(x, -1, outer, inner, config.hiddenSize()), 0, 2, 1, 3);
  }

  /** The bias of attention within a slab, {@code (1, A, P, n + P)}, 0 for the n null keys. */
  private String byDistance() {
    int h = config.gridHeight();
    int w = config.gridWidth();
    long n = config.places();
    Shape rows = new Shape((2L * h - 1) * (2L * w - 1), 2);
    String x = graph.constant(rows, SlabDistances.signedLogs(h, w));
    x = leaky(layers.linear("vision.position_bias.0", x));
    x = leaky(layers.linear("vision.position_bias.1", x));
    String table = layers.linear("vision.position_bias.2", x); // (distances, A)
    String ids = graph.integers(new Shape(n, n), SlabDistances.pairs(h, w));
    String pairs = graph.apply("Gather", List.of(table, ids)); // (P, P, A)
    String bias = layers.reshape(layers.transpose(pairs, 2, 0, 1), 1, config.heads(), n, n);
    return config.nullKeys() == 0
        ? bias
        : graph.apply("Pad", List.of(bias, graph.integers(0, 0, 0, config.nullKeys(), 0, 0, 0, 0)));
  }

  private String leaky(String x) {
    return graph.apply("LeakyRelu", List.of(x), Setting.real("alpha", SLOPE));
  }

  /** Layers and a norm, of tokens {@code (B', L, C)}. */
  private String transformer(String name, int depth, String x, Size3 grid, Optional<String> bias) {
    String y = x;
    long length = bias.isPresent() ? config.places() : grid.depth(); // in slabs, or along z
    for (int i = 0; i < depth; i++) {
      String layer = name + ".layers." + i;
      String placed = placed(layer + ".position", y, grid, length);
      String seen = layers.add(attention(layer + ".attention", placed, bias), placed);
      y = layers.add(feedForward(layer + ".mlp", seen), seen);
    }
    return gainNorm(name + ".norm_out", y);
  }

  private String gainNorm(String name, String x) {
    return graph.apply(
        "LayerNormalization",
        List.of(x, layers.weight(name + ".gain")),
        Setting.of("axis", -1),
        Setting.real("epsilon", NORM_EPSILON));
  }

  /** Adds the convolution, which reads tokens in the order of their memory, whatever that is. */
  private String placed(String name, String x, Size3 grid, long length) {
    int c = config.hiddenSize();
    String cube = layers.reshape(x, -1, grid.depth(), grid.height(), grid.width(), c);
    String map =
        graph.apply(
            "Conv",
            List.of(
                layers.transpose(cube, 0, 4, 1, 2, 3), // (B, C, d, h, w)
                layers.weight(name + ".weight"),
                layers.weight(name + ".bias")),
            Setting.of("group", c),
            Setting.of("kernel_shape", 3L, 3L, 3L),
            Setting.of("pads", 2L, 1L, 1L, 0L, 1L, 1L)); // along the first axis it looks back
    return layers.add(x, layers.reshape(layers.transpose(map, 0, 2, 3, 4, 1), -1, length, c));
  }

  private String attention(String name, String x, Optional<String> bias) {
    int heads = config.heads();
    int width = config.headSize();
    String query = layers.linear(name + ".to_q", gainNorm(name + ".norm", x));
    List<String> both =
        graph.applyFor(
            2, "Split", List.of(layers.linear(name + ".to_kv", x)), Setting.of("axis", 2));
    String q = layers.normalized(layers.byHead(query, heads, width), 3); // (B, A, L, d)
    String k = layers.byHead(both.get(0), heads, width);
    String v = layers.byHead(both.get(1), heads, width);
    if (config.nullKeys() > 0) {
      k = layers.concat(2, nulls(name, 0, x), k); // (B, A, n + L, d)
      v = layers.concat(2, nulls(name, 1, x), v);
    }
    String scaled =
        layers.mul(
            layers.mul(q, layers.weight(name + ".q_scale")),
            layers.number(config.attentionScale()));
    String keys = layers.mul(layers.normalized(k, 3), layers.weight(name + ".k_scale"));
    String gathered =
        layers.gathered(scaled, layers.transpose(keys, 0, 1, 3, 2), v, bias, heads * width);
    return layers.linear(name + ".to_out", gathered);
  }

  /** Null keys (0) or values (1) for each row of x, {@code (B, A, n, d)}. */
  private String nulls(String name, long which, String x) {
    long[] one = {1, config.heads(), config.nullKeys(), config.headSize()};
    String pairs =
        layers.reshape(layers.weight(name + ".null_kv"), one[1], one[2], 2, one[3]); // keys first
    String learned = layers.reshape(layers.slice(pairs, 2, which, which + 1), one);
    return layers.repeated(learned, one, x);
  }

  private String feedForward(String name, String x) {
    String both = layers.linear(name + ".in", layers.layerNorm(name + ".norm", x, NORM_EPSILON));
    List<String> parts = graph.applyFor(2, "Split", List.of(both), Setting.of("axis", 2));
    return layers.linear(name + ".out", layers.mul(parts.get(0), layers.gelu(parts.get(1))));
  }

  /** The codes that point most nearly the way of the tokens, {@code (B, N, C)}. */
  private String quantized(String x, int tokens) {
    String codes = layers.weight("vision.codebook.codes");
    String units = layers.transpose(layers.normalized(codes, 1), 1, 0); // (C, K)
    List<String> ids = new ArrayList<>();
    for (int from = 0; from < tokens; from += ROWS) {
      String some = layers.slice(x, 1, from, Math.min(tokens, from + ROWS));
      String likeness =
          graph.apply("MatMul", List.of(layers.normalized(some, 2), units)); // (B, rows, K)
      ids.add(
          graph.apply(
              "ArgMax", List.of(likeness), Setting.of("axis", 2), Setting.of("keepdims", 0)));
    }
    return graph.apply("Gather", List.of(codes, layers.concat(1, ids.toArray(String[]::new))));
  }
}
