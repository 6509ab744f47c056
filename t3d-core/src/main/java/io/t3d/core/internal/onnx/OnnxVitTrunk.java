package io.t3d.core.internal.onnx;

import ai.djl.ndarray.NDManager;
import io.t3d.core.config.Size3;
import io.t3d.core.config.Vit3dConfig;
import io.t3d.core.config.Vit3dVariant;
import io.t3d.core.internal.onnx.OnnxGraph.Setting;
import io.t3d.core.nn.internal.RotaryTable3d;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * What a vision transformer does behind the embedding of its patches, in inference, for views of
 * one size: a {@code VitTrunk}.
 */
final class OnnxVitTrunk {
  private final OnnxLayers layers;
  private final OnnxGraph graph;
  private final String owner;
  private final Vit3dConfig config;
  private final Vit3dVariant variant;
  private final NDManager manager;

  /**
   * A trunk of a graph.
   *
   * @param owner name of the block whose children hold the weights
   * @param manager owns tables of positions; must stay open until the file is written
   */
  OnnxVitTrunk(OnnxLayers layers, String owner, Vit3dConfig config, NDManager manager) {
    this.layers = layers;
    this.graph = layers.graph();
    this.owner = owner;
    this.config = config;
    this.variant = config.variantOrPlain();
    this.manager = manager;
  }

  /**
   * Runs it all.
   *
   * @param patches {@code (B, N, C)}, in (z, y, x) order
   * @param grid of the patches
   */
  OnnxFeatures run(String patches, Size3 grid) {
    String x = joinPrefix(patches);
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
      x = block(owner + ".blocks." + i, x, angles);
    }
    x = arranged(x, grid, apart, false);
    x = layers.layerNorm(owner + ".norm", x, config.layerNormEps());
    if (variant.outputSize() > 0) {
      x = layers.linear(owner + ".output", x);
    }
    return pool(x);
  }

  /**
   * The tokens behind some layers of a plain transformer; those of the last have passed the final
   * norm.
   *
   * @param patches {@code (B, N, C)}
   * @param levels from 0 on, ascending
   * @return one {@code (B, N, C)} for each level
   */
  List<String> levels(String patches, List<Integer> levels) {
    List<String> out = new ArrayList<>();
    String x = patches;
    int last = levels.get(levels.size() - 1);
    for (int i = 0; i <= last; i++) {
      x = block(owner + ".blocks." + i, x, Optional.empty());
      if (levels.contains(i)) {
        boolean normed = i + 1 == config.layers();
        out.add(normed ? layers.layerNorm(owner + ".norm", x, config.layerNormEps()) : x);
      }
    }
    return out;
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

  private String joinPrefix(String patches) {
    List<String> all = new ArrayList<>();
    if (variant.classToken()) {
      all.add(repeated("cls_token", patches));
    }
    if (variant.registers() > 0) {
      all.add(repeated("register_tokens", patches));
    }
    if (all.isEmpty()) {
      return patches;
    }
    all.add(patches);
    return layers.concat(1, all.toArray(String[]::new));
  }

  /** A learned {@code (1, P, C)} for each view. */
  private String repeated(String parameter, String patches) {
    String name = owner + "." + parameter;
    return layers.repeated(layers.weight(name), layers.array(name).getShape().getShape(), patches);
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

  private OnnxFeatures pool(String x) {
    String tokens =
        variant.prefix() == 0 ? x : layers.slice(x, 1, variant.prefix(), Integer.MAX_VALUE);
    return switch (variant.pooling()) {
      case MEAN -> new OnnxFeatures(tokens);
      case CLS -> new OnnxFeatures(tokens, Optional.of(first(x)));
      case CLS_AND_MEAN -> {
        String repeated =
            graph.apply(
                "Expand", List.of(layers.slice(x, 1, 0, 1), graph.apply("Shape", List.of(tokens))));
        yield new OnnxFeatures(layers.concat(2, repeated, tokens)); // (B, N, 2·C)
      }
      case ATTENTION -> {
        String values = layers.linear(owner + ".pool.value", tokens);
        String gathered =
            layers.attention(
                layers.linear(owner + ".pool.query", layers.mean(tokens, true)),
                layers.linear(owner + ".pool.key", tokens),
                values,
                variant.poolingHeads(),
                config.channels(),
                Optional.empty());
        String pooled = layers.linear(owner + ".pool.out_proj", gathered); // (B, 1, C)
        yield new OnnxFeatures(
            layers.linear(owner + ".pool.out_proj", values),
            Optional.of(layers.reshape(pooled, 0, -1)));
      }
    };
  }

  /** The first token, {@code (B, C)}. */
  private String first(String x) {
    return layers.reshape(layers.slice(x, 1, 0, 1), 0, -1);
  }
}
