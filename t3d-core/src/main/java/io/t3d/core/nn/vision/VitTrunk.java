package io.t3d.core.nn.vision;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.LayerNorm;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.NormalInitializer;
import io.t3d.core.config.Size3;
import io.t3d.core.config.Vit3dConfig;
import io.t3d.core.config.Vit3dVariant;
import io.t3d.core.config.Vit3dVariant.Pooling;
import io.t3d.core.internal.Scopes;
import io.t3d.core.nn.VisionEncoder.VisualTokens;
import io.t3d.core.nn.internal.Chain;
import io.t3d.core.nn.internal.RotaryTable3d;
import io.t3d.core.nn.internal.Steps;
import io.t3d.core.torch.Casts;
import io.t3d.core.torch.internal.ActivationCheckpoints;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * What a vision transformer does behind the embedding of its patches: tokens that go along, blocks,
 * the final norm, pooling. It is no block: its owner has the children, under the names of published
 * weights.
 */
final class VitTrunk {
  /** Adds a child to the owner. */
  interface Children {
    <B extends Block> B add(String name, B block);
  }

  /** Adds a parameter to the owner. */
  interface Parameters {
    Parameter add(Parameter parameter);
  }

  private final Vit3dConfig config;
  private final Vit3dVariant variant;
  private final List<Parameter> prefix = new ArrayList<>();
  private final Chain blocks;
  private final LayerNorm norm;
  private final @Nullable Linear output;
  private final @Nullable AttentionPooling pooling;

  VitTrunk(Vit3dConfig config, Children children, Parameters parameters) {
    this.config = config;
    variant = config.variantOrPlain();
    if (variant.classToken()) {
      prefix.add(parameters.add(learned("cls_token", 1)));
    }
    if (variant.registers() > 0) {
      prefix.add(parameters.add(learned("register_tokens", variant.registers())));
    }
    blocks =
        children.add(
            "blocks",
            new Chain(Stream.generate(() -> new VitBlock(config)).limit(config.layers()).toList()));
    norm = children.add("norm", VitBlock.norm(config));
    output =
        variant.outputSize() > 0
            ? children.add("output", VitBlock.linear(variant.outputSize(), true))
            : null;
    pooling =
        variant.pooling() == Pooling.ATTENTION
            ? children.add("pool", new AttentionPooling(config.channels(), variant.poolingHeads()))
            : null;
  }

  private Parameter learned(String name, int tokens) {
    return Parameter.builder()
        .setName(name)
        .setType(Parameter.Type.WEIGHT)
        .optShape(new Shape(1, tokens, config.hiddenSize()))
        .optInitializer(new NormalInitializer(Vit3d.INIT_STD))
        .build();
  }

  /** Initialises the children for tokens {@code (B, N, C)}. */
  void initialize(NDManager manager, DataType dataType, Shape tokens) {
    blocks.initialize(manager, dataType, tokens);
    norm.initialize(manager, dataType, tokens);
    if (output != null) {
      output.initialize(manager, dataType, tokens);
    }
    if (pooling != null) {
      Shape wide = new Shape(tokens.get(0), tokens.get(1), config.channels());
      pooling.initialize(manager, dataType, wide);
    }
  }

  /**
   * Runs it all.
   *
   * @param x {@code (B, N, C)} of the patches, in (z, y, x) order; freed
   * @param grid of the patches
   */
  VisualTokens run(ParameterStore parameters, NDArray x, Size3 grid, boolean training) {
    NDArray all = joinPrefix(parameters, x, training); // (B, P + N, C)
    Optional<RotaryTable3d> table = rotary(all.getManager(), grid);
    Optional<RotaryTable3d> kept = table.map(RotaryTable3d::kept);
    boolean apart = false;
    for (int i = 0; i < config.layers(); i++) {
      VitBlock block = (VitBlock) blocks.getChildren().valueAt(i);
      all = arranged(all, grid, apart, seesSlices(i));
      apart = seesSlices(i);
      all = ActivationCheckpoints.stage(all, y -> block.forward(parameters, y, kept, training));
    }
    all = arranged(all, grid, apart, false);
    table.ifPresent(VitTrunk::free);
    return pool(parameters, finish(parameters, all, training), grid, training);
  }

  /** Whether a layer's slices attend to themselves alone. */
  private boolean seesSlices(int layer) {
    return (layer + 1) % variant.globalEvery() != 0;
  }

  /** Views {@code (B, P + d·N, C)} as slices {@code (B·d, P + N, C)} or back; frees its input. */
  private NDArray arranged(NDArray x, Size3 grid, boolean apart, boolean wanted) {
    if (apart == wanted) {
      return x;
    }
    return Steps.thenFree(x, y -> Scopes.within(y, z -> wanted ? slices(z, grid) : views(z, grid)));
  }

  private NDArray slices(NDArray x, Size3 grid) {
    long d = grid.depth();
    long b = x.getShape().get(0);
    int p = variant.prefix();
    NDArray patches = x.get(":, " + p + ":").reshape(b * d, -1, config.hiddenSize());
    if (p == 0) {
      return patches;
    }
    NDArray along =
        x.get(":, :" + p)
            .reshape(b, 1, p, config.hiddenSize())
            .broadcast(new Shape(b, d, p, config.hiddenSize()))
            .reshape(b * d, p, config.hiddenSize());
    return NDArrays.concat(new NDList(along, patches), 1);
  }

  private NDArray views(NDArray x, Size3 grid) {
    long d = grid.depth();
    long b = x.getShape().get(0) / d;
    int p = variant.prefix();
    NDArray patches = x.get(":, " + p + ":").reshape(b, -1, config.hiddenSize());
    if (p == 0) {
      return patches;
    }
    NDArray along =
        x.get(":, :" + p).reshape(b, d, p, config.hiddenSize()).mean(new int[] {1}); // (B, P, C)
    return NDArrays.concat(new NDList(along, patches), 1);
  }

  private static void free(RotaryTable3d table) {
    table.cos().close();
    table.sin().close();
  }

  /**
   * The patches' tokens after every layer; the last ones have passed the final norm.
   *
   * @param x as in {@link #run}
   * @param map makes a new array of {@code (B, N, C)}, which it leaves open
   */
  List<NDArray> everyLayer(
      ParameterStore parameters,
      NDArray x,
      Size3 grid,
      boolean training,
      UnaryOperator<NDArray> map) {
    NDArray all = joinPrefix(parameters, x, training);
    Optional<RotaryTable3d> table = rotary(all.getManager(), grid);
    List<NDArray> out = new ArrayList<>();
    for (int i = 0; i < config.layers(); i++) {
      VitBlock block = (VitBlock) blocks.getChildren().valueAt(i);
      all = arranged(all, grid, false, seesSlices(i));
      NDArray next = block.forward(parameters, all, table, training);
      all.close();
      next = arranged(next, grid, seesSlices(i), false);
      boolean last = i + 1 == config.layers();
      NDArray seen = last ? Steps.runAndFree(norm, parameters, next, training) : next;
      NDArray patches = variant.prefix() == 0 ? seen : seen.get(":, " + variant.prefix() + ":");
      out.add(map.apply(patches));
      if (patches != seen) {
        patches.close();
      }
      all = seen;
    }
    all.close();
    table.ifPresent(VitTrunk::free);
    return out;
  }

  private Optional<RotaryTable3d> rotary(NDManager manager, Size3 grid) {
    int width = config.hiddenSize() / config.heads();
    return variant.rotary().map(r -> RotaryTable3d.of(manager, r, grid, variant.prefix(), width));
  }

  /** Class token, registers, patches: {@code (B, P + N, C)}; the patches are freed. */
  private NDArray joinPrefix(ParameterStore parameters, NDArray x, boolean training) {
    if (prefix.isEmpty()) {
      return x;
    }
    long rows = x.getShape().get(0);
    NDArray patches = Steps.thenFree(x, Casts::toFloat32);
    NDList all = new NDList();
    for (Parameter parameter : prefix) {
      NDArray token = parameters.getValue(parameter, patches.getDevice(), training);
      Shape wide = new Shape(rows, token.getShape().get(1), config.hiddenSize());
      NDArray repeated = token.broadcast(wide);
      repeated.attach(patches.getManager()); // not with the weight, which outlives the batch
      all.add(repeated);
    }
    all.add(patches);
    try (all) {
      return NDArrays.concat(all, 1);
    }
  }

  private NDArray finish(ParameterStore parameters, NDArray x, boolean training) {
    NDArray normed = Steps.runAndFree(norm, parameters, x, training); // (B, P + N, C)
    return output == null ? normed : Steps.runAndFree(output, parameters, normed, training);
  }

  /** Takes the grid's tokens apart from those that went along; frees its input. */
  private VisualTokens pool(ParameterStore parameters, NDArray x, Size3 grid, boolean training) {
    NDArray tokens = variant.prefix() == 0 ? x : x.get(":, " + variant.prefix() + ":"); // (B, N, C)
    NDArray pooled = null;
    switch (variant.pooling()) {
      case MEAN -> {}
      case CLS -> pooled = x.get(":, 0"); // (B, C)
      case CLS_AND_MEAN -> tokens = withClassToken(x, tokens); // (B, N, 2·C)
      case ATTENTION -> {
        NDArray raw = tokens;
        pooled = pooling.pool(parameters, raw, training); // (B, C)
        tokens = pooling.dense(parameters, raw, training); // (B, N, C)
        if (raw != x) {
          raw.close();
        }
      }
    }
    if (tokens != x) {
      x.close();
    }
    return new VisualTokens(
        tokens, grid.depth(), grid.height(), grid.width(), Optional.ofNullable(pooled));
  }

  private static NDArray withClassToken(NDArray x, NDArray tokens) {
    try (tokens;
        NDArray first = x.get(":, 0:1");
        NDArray repeated = first.broadcast(tokens.getShape())) { // (B, N, C)
      return NDArrays.concat(new NDList(repeated, tokens), 2); // (B, N, 2·C)
    }
  }
}
