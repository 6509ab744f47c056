package io.t3d.core.nn.vision;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.LayerNorm;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.NormalInitializer;
import io.t3d.core.config.Vit3dConfig;
import io.t3d.core.config.Vit3dVariant;
import io.t3d.core.nn.TypedBlock;
import io.t3d.core.nn.internal.FeedForward;
import io.t3d.core.nn.internal.NamedBlocks;
import io.t3d.core.nn.internal.RotaryTable3d;
import io.t3d.core.nn.internal.Steps;
import io.t3d.core.torch.Attention;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * A pre-norm transformer block: {@code x + attn(norm1(x))}, then {@code x + mlp(norm2(x))}.
 * (Dosovitskiy et al. 2021, eq. 2 and 3) What a {@link Vit3dVariant} asks for stands beside.
 */
final class VitBlock extends TypedBlock {
  private final LayerNorm norm1;
  private final SelfAttention attn;
  private final LayerNorm norm2;
  private final Mlp mlp;
  private final @Nullable LayerScale ls1;
  private final @Nullable LayerScale ls2;

  VitBlock(Vit3dConfig config) {
    double scale = config.variantOrPlain().layerScale();
    norm1 = addChildBlock("norm1", norm(config));
    attn = addChildBlock("attn", new SelfAttention(config));
    norm2 = addChildBlock("norm2", norm(config));
    mlp = addChildBlock("mlp", new Mlp(config));
    ls1 = scale > 0 ? addChildBlock("ls1", new LayerScale(config.hiddenSize(), scale)) : null;
    ls2 = scale > 0 ? addChildBlock("ls2", new LayerScale(config.hiddenSize(), scale)) : null;
  }

  /** A layer norm over the channels of {@code (B, N, C)}. */
  static LayerNorm norm(Vit3dConfig config) {
    return NamedBlocks.layerNorm(config.layerNormEps());
  }

  /** A map whose weights start as all of the transformer's do. */
  static Linear linear(int outputs, boolean bias) {
    Linear linear = NamedBlocks.linear(outputs, bias);
    linear.setInitializer(new NormalInitializer(Vit3d.INIT_STD), Parameter.Type.WEIGHT);
    return linear;
  }

  /** {@code x (B, L, C)}, which stays open, to {@code (B, L, C)}. */
  NDArray forward(
      ParameterStore parameters, NDArray x, Optional<RotaryTable3d> rotary, boolean training) {
    NDArray y = Steps.run(norm1, parameters, x, training);
    y = Steps.thenFree(y, z -> attn.forward(parameters, z, rotary, training));
    y = scaled(ls1, parameters, y, training);
    NDArray attended = Steps.thenFree(y, z -> z.add(x));
    y = Steps.run(norm2, parameters, attended, training);
    y = Steps.runAndFree(mlp, parameters, y, training);
    return Steps.addAndFree(scaled(ls2, parameters, y, training), attended);
  }

  private static NDArray scaled(
      @Nullable LayerScale scale, ParameterStore parameters, NDArray x, boolean training) {
    return scale == null ? x : Steps.runAndFree(scale, parameters, x, training);
  }

  @Override
  protected NDArray compute(ParameterStore parameters, NDList inputs, boolean training) {
    return forward(parameters, inputs.singletonOrThrow(), Optional.empty(), training);
  }

  /** A learned factor for each channel. */
  private static final class LayerScale extends TypedBlock {
    private final Parameter weight;

    LayerScale(int channels, double start) {
      weight =
          addParameter(
              Parameter.builder()
                  .setName("weight")
                  .setType(Parameter.Type.WEIGHT)
                  .optShape(new Shape(channels))
                  .optInitializer(
                      (manager, shape, type) -> manager.full(shape, (float) start, type))
                  .build());
    }

    @Override
    protected NDArray compute(ParameterStore parameters, NDList inputs, boolean training) {
      NDArray x = inputs.singletonOrThrow();
      return x.mul(parameters.getValue(weight, x.getDevice(), training));
    }
  }

  /** Self-attention; {@code qkv.weight} stacks query, key and value rows. */
  private static final class SelfAttention extends TypedBlock {
    private final Vit3dConfig config;
    private final Linear qkv;
    private final Linear outProj;
    private final @Nullable LayerNorm norm;

    SelfAttention(Vit3dConfig config) {
      this.config = config;
      qkv = addChildBlock("qkv", linear(3 * config.hiddenSize(), config.qkvBias()));
      outProj = addChildBlock("out_proj", linear(config.hiddenSize(), true));
      norm =
          config.variantOrPlain().attentionNorm()
              ? addChildBlock("norm", VitBlock.norm(config))
              : null;
    }

    NDArray forward(
        ParameterStore parameters, NDArray x, Optional<RotaryTable3d> rotary, boolean training) {
      NDArray stacked = Steps.run(qkv, parameters, x, training);
      NDArray joined = Steps.thenFree(stacked, y -> attend(y, rotary, training));
      if (norm != null) {
        joined = Steps.runAndFree(norm, parameters, joined, training);
      }
      NDArray projected = Steps.runAndFree(outProj, parameters, joined, training);
      return FeedForward.dropout(projected, config.dropout(), training);
    }

    @Override
    protected NDArray compute(ParameterStore parameters, NDList inputs, boolean training) {
      return forward(parameters, inputs.singletonOrThrow(), Optional.empty(), training);
    }

    private NDArray attend(NDArray stacked, Optional<RotaryTable3d> rotary, boolean training) {
      // Attention leaves its intermediates on the manager of its operands: give it one of its own.
      try (NDManager scope = stacked.getManager().newSubManager()) {
        NDList parts = stacked.split(3, 2); // 3 × (B, N, C)
        parts.attach(scope);
        NDArray query = parts.get(0);
        NDArray key = parts.get(1);
        NDArray out =
            Attention.multiHead(
                rotary.map(r -> r.turn(query, config.heads())).orElse(query),
                rotary.map(r -> r.turn(key, config.heads())).orElse(key),
                parts.get(2),
                config.heads(),
                training ? config.dropout() : 0); // (B, N, C)
        out.attach(stacked.getManager());
        return out;
      }
    }
  }

  /** The feed-forward layer: two maps with a GELU or a gate between them. */
  private static final class Mlp extends TypedBlock {
    private final Vit3dConfig config;
    private final FeedForward layers;
    private final @Nullable Linear gate;
    private final @Nullable LayerNorm norm;

    Mlp(Vit3dConfig config) {
      this.config = config;
      Vit3dVariant variant = config.variantOrPlain();
      Linear linear1 = addChildBlock("linear1", linear(config.mlpSize(), true));
      Linear linear2 = addChildBlock("linear2", linear(config.hiddenSize(), true));
      layers = new FeedForward(linear1, linear2, config.mlpSize());
      gate =
          variant.mlp() == Vit3dVariant.Mlp.SWIGLU
              ? addChildBlock("linear3", linear(config.mlpSize(), true))
              : null;
      norm = variant.mlpNorm() ? addChildBlock("norm", VitBlock.norm(config)) : null;
    }

    @Override
    protected NDArray compute(ParameterStore parameters, NDList inputs, boolean training) {
      NDArray x = inputs.singletonOrThrow();
      double dropout = config.dropout();
      if (gate == null && norm == null) {
        return layers.run(parameters, x, dropout, dropout, training);
      }
      NDArray hidden = layers.widen(parameters, x, training); // (B, N, mlpSize)
      hidden =
          gate == null
              ? Steps.thenFree(hidden, Activation::gelu)
              : gated(Steps.run(gate, parameters, x, training), hidden);
      hidden = FeedForward.dropout(hidden, dropout, training);
      if (norm != null) {
        hidden = Steps.runAndFree(norm, parameters, hidden, training);
      }
      return FeedForward.dropout(
          layers.narrowAndFree(parameters, hidden, training), dropout, training);
    }

    /** {@code silu(gate) · x}; frees both. */
    private static NDArray gated(NDArray gate, NDArray x) {
      try (gate;
          x;
          NDArray open = Activation.sigmoid(gate);
          NDArray silu = gate.mul(open)) {
        return silu.mul(x);
      }
    }

    @Override
    protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputs) {
      layers.initialize(manager, dataType, inputs[0]);
      if (gate != null) {
        gate.initialize(manager, dataType, inputs[0]);
      }
      if (norm != null) {
        norm.initialize(manager, dataType, new Shape(1, 1, config.mlpSize()));
      }
    }
  }
}
