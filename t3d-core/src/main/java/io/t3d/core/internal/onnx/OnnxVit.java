package io.t3d.core.internal.onnx;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.T3dException;
import io.t3d.core.config.Size3;
import io.t3d.core.config.Vit3dConfig;
import io.t3d.core.config.Vit3dVariant;
import io.t3d.core.internal.Shapes;
import io.t3d.core.internal.onnx.OnnxGraph.Setting;
import io.t3d.core.nn.internal.RotaryTable3d;
import io.t3d.core.nn.internal.SinCosPosition3d;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A {@code Vit3d} in inference, for views of one size. */
final class OnnxVit {
  private final OnnxLayers layers;
  private final OnnxGraph graph;
  private final Vit3dConfig config;
  private final Vit3dVariant variant;
  private final NDManager manager;

  /**
   * Wires it.
   *
   * @param manager owns tables of positions; must stay open until the file is written
   */
  OnnxVit(OnnxLayers layers, Vit3dConfig config, NDManager manager) {
    this.layers = layers;
    this.graph = layers.graph();
    this.config = config;
    this.variant = config.variantOrPlain();
    this.manager = manager;
  }

  /**
   * What a view gives.
   *
   * @param tokens {@code (B, N, C)}
   * @param pooled {@code (B, C)}, what becomes the embedding
   */
  record Features(String tokens, String pooled) {}

  Features run(String views, Size3 grid) {
    String x = joinPrefix(withPositions(patches(views), grid));
    Optional<RotaryTable3d> rotary =
        variant
            .rotary()
            .map(
                r ->
                    RotaryTable3d.of(
                        manager, r, grid, variant.prefix(), config.hiddenSize() / config.heads()));
    Optional<List<String>> angles =
        rotary.map(table -> List.of(graph.constant(table.cos()), graph.constant(table.sin())));
    boolean apart = false;
    for (int i = 0; i < config.layers(); i++) {
      boolean slices = (i + 1) % variant.globalEvery() != 0;
      x = arranged(x, grid, apart, slices);
      apart = slices;
      x = block("vision.blocks." + i, x, angles);
    }
    x = arranged(x, grid, apart, false);
    x = layers.layerNorm("vision.norm", x, config.layerNormEps());
    if (variant.outputSize() > 0) {
      x = layers.linear("vision.output", x);
    }
    return pool(x);
  }

  /** Views {@code (B, P + d·N, C)} as slices {@code (B·d, P + N, C)} or back. */
  private String arranged(String x, Size3 grid, boolean apart, boolean wanted) {
    if (apart == wanted) {
      return x;
    }
    long d = grid.depth();
    long n = (long) grid.height() * grid.width();
    long p = variant.prefix();
    long c = config.hiddenSize();
    String patches =
        layers.reshape(
            p == 0 ? x : layers.slice(x, 1, p, Integer.MAX_VALUE), -1, wanted ? n : d * n, c);
    if (p == 0) {
      return patches;
    }
    String before = layers.reshape(layers.slice(x, 1, 0, p), -1, wanted ? 1 : d, p, c);
    String along =
        wanted
            ? layers.reshape(
                graph.apply("Expand", List.of(before, graph.integers(1, d, p, c))), -1, p, c)
            : layers.mean(before, false);
    return layers.concat(1, along, patches);
  }

  private String patches(String views) {
    Size3 p = config.patch();
    String name = "vision.patch_embedding.patch_embeddings";
    String map =
        graph.apply(
            "Conv",
            List.of(views, layers.weight(name + ".weight"), layers.weight(name + ".bias")),
            Setting.of("kernel_shape", p.depth(), p.height(), p.width()),
            Setting.of("strides", p.depth(), p.height(), p.width()));
    return layers.tokens(map);
  }

  private String withPositions(String tokens, Size3 grid) {
    return switch (config.position()) {
      case NONE -> tokens;
      case SINCOS ->
          layers.add(
              tokens, graph.constant(SinCosPosition3d.table(manager, grid, config.hiddenSize())));
      case LEARNED -> layers.add(tokens, graph.constant(learned(grid)));
      case LEARNED_RESIZED ->
          throw new T3dException(
              T3dException.Kind.USAGE,
              "A Vit3d in ONNX needs positions of its own grid, got LEARNED_RESIZED; load the"
                  + " weights into a Vit3d with LEARNED positions of the views' grid");
    };
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
              + format(full)
              + ", got "
              + format(grid)
              + "; export for a smaller view");
    }
    NDArray table = layers.array("vision.patch_embedding.position_embeddings").duplicate();
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

  private static String format(Size3 size) {
    return Shapes.format(new Shape(size.depth(), size.height(), size.width()));
  }

  private static String span(int full, int size) {
    return (full - size) / 2 + ":" + (full + size) / 2;
  }

  private String joinPrefix(String patches) {
    List<String> all = new ArrayList<>();
    if (variant.classToken()) {
      all.add(repeated("vision.cls_token", patches));
    }
    if (variant.registers() > 0) {
      all.add(repeated("vision.register_tokens", patches));
    }
    if (all.isEmpty()) {
      return patches;
    }
    all.add(patches);
    return layers.concat(1, all.toArray(String[]::new));
  }

  /** A learned {@code (1, P, C)} for each view. */
  private String repeated(String name, String patches) {
    Shape shape = layers.array(name).getShape();
    String sizes = graph.apply("Shape", List.of(patches));
    String views = layers.slice(sizes, 0, 0, 1);
    String target = layers.concat(0, views, graph.integers(shape.get(1), shape.get(2)));
    return graph.apply("Expand", List.of(layers.weight(name), target));
  }

  private String block(String name, String x, Optional<List<String>> angles) {
    String y = layers.layerNorm(name + ".norm1", x, config.layerNormEps());
    y = scaled(name + ".ls1", attention(name + ".attn", y, angles));
    String attended = layers.add(y, x);
    y = layers.layerNorm(name + ".norm2", attended, config.layerNormEps());
    return layers.add(scaled(name + ".ls2", mlp(name + ".mlp", y)), attended);
  }

  private String scaled(String name, String x) {
    return layers.has(name + ".weight") ? layers.mul(x, layers.weight(name + ".weight")) : x;
  }

  private String attention(String name, String x, Optional<List<String>> angles) {
    String stacked = layers.linear(name + ".qkv", x);
    List<String> parts = graph.applyFor(3, "Split", List.of(stacked), Setting.of("axis", 2));
    String joined =
        layers.attention(
            turned(parts.get(0), angles),
            turned(parts.get(1), angles),
            parts.get(2),
            config.heads(),
            config.hiddenSize(),
            Optional.empty());
    if (layers.has(name + ".norm.weight")) {
      joined = layers.layerNorm(name + ".norm", joined, config.layerNormEps());
    }
    return layers.linear(name + ".out_proj", joined);
  }

  /** See {@link RotaryTable3d#turn}. */
  private String turned(String x, Optional<List<String>> angles) {
    if (angles.isEmpty()) {
      return x;
    }
    String cos = angles.get().get(0);
    String sin = angles.get().get(1);
    int width = config.hiddenSize() / config.heads();
    String split = layers.reshape(x, 0, 0, config.heads(), width); // (B, L, A, d)
    List<String> halves = graph.applyFor(2, "Split", List.of(split), Setting.of("axis", 3));
    String first = halves.get(0);
    String second = halves.get(1);
    String low = graph.apply("Sub", List.of(layers.mul(first, cos), layers.mul(second, sin)));
    String high = layers.add(layers.mul(second, cos), layers.mul(first, sin));
    return layers.reshape(layers.concat(3, low, high), 0, 0, config.hiddenSize());
  }

  private String mlp(String name, String x) {
    String hidden = layers.linear(name + ".linear1", x);
    hidden =
        layers.has(name + ".linear3.weight")
            ? layers.mul(layers.silu(layers.linear(name + ".linear3", x)), hidden)
            : layers.gelu(hidden);
    if (layers.has(name + ".norm.weight")) {
      hidden = layers.layerNorm(name + ".norm", hidden, config.layerNormEps());
    }
    return layers.linear(name + ".linear2", hidden);
  }

  private Features pool(String x) {
    String tokens =
        variant.prefix() == 0 ? x : layers.slice(x, 1, variant.prefix(), Integer.MAX_VALUE);
    return switch (variant.pooling()) {
      case MEAN -> new Features(tokens, layers.mean(tokens, false));
      case CLS -> new Features(tokens, first(x));
      case CLS_AND_MEAN -> {
        String repeated =
            graph.apply(
                "Expand", List.of(layers.slice(x, 1, 0, 1), graph.apply("Shape", List.of(tokens))));
        String wide = layers.concat(2, repeated, tokens); // (B, N, 2·C)
        yield new Features(wide, layers.mean(wide, false));
      }
      case ATTENTION -> {
        String values = layers.linear("vision.pool.value", tokens);
        String gathered =
            layers.attention(
                layers.linear("vision.pool.query", layers.mean(tokens, true)),
                layers.linear("vision.pool.key", tokens),
                values,
                variant.poolingHeads(),
                config.channels(),
                Optional.empty());
        String pooled = layers.linear("vision.pool.out_proj", gathered); // (B, 1, C)
        yield new Features(
            layers.linear("vision.pool.out_proj", values), layers.reshape(pooled, 0, -1));
      }
    };
  }

  /** The first token, {@code (B, C)}. */
  private String first(String x) {
    return layers.reshape(layers.slice(x, 1, 0, 1), 0, -1);
  }
}
