package io.t3d.core.nn.vision;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.LayerNorm;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.NormalInitializer;
import io.t3d.core.config.Vit3dConfig;
import io.t3d.core.nn.TypedBlock;
import io.t3d.core.nn.internal.FeedForward;
import io.t3d.core.nn.internal.NamedBlocks;
import io.t3d.core.nn.internal.Steps;
import io.t3d.core.torch.Attention;

/**
 * A pre-norm transformer block: {@code x + attn(norm1(x))}, then {@code x + mlp(norm2(x))}.
 * (Dosovitskiy et al. 2021, eq. 2 and 3)
 */
final class VitBlock extends TypedBlock {
  private final LayerNorm norm1;
  private final SelfAttention attn;
  private final LayerNorm norm2;
  private final Mlp mlp;

  VitBlock(Vit3dConfig config) {
    norm1 = addChildBlock("norm1", norm(config));
    attn = addChildBlock("attn", new SelfAttention(config));
    norm2 = addChildBlock("norm2", norm(config));
    mlp = addChildBlock("mlp", new Mlp(config));
  }

  /** A layer norm over the channels of {@code (B, N, C)}. */
  static LayerNorm norm(Vit3dConfig config) {
    return NamedBlocks.layerNorm(config.layerNormEps());
  }

  private static Linear linear(int outputs, boolean bias) {
    Linear linear = Linear.builder().setUnits(outputs).optBias(bias).build();
    linear.setInitializer(new NormalInitializer(Vit3d.INIT_STD), Parameter.Type.WEIGHT);
    return linear;
  }

  @Override
  protected NDArray compute(ParameterStore parameters, NDList inputs, boolean training) {
    NDArray x = inputs.singletonOrThrow();
    NDArray y = Steps.run(norm1, parameters, x, training);
    y = Steps.runAndFree(attn, parameters, y, training);
    NDArray attended = Steps.thenFree(y, z -> z.add(x));
    y = Steps.run(norm2, parameters, attended, training);
    y = Steps.runAndFree(mlp, parameters, y, training);
    return Steps.addAndFree(y, attended);
  }

  /** Self-attention; {@code qkv.weight} stacks query, key and value rows. */
  private static final class SelfAttention extends TypedBlock {
    private final Vit3dConfig config;
    private final Linear qkv;
    private final Linear outProj;

    SelfAttention(Vit3dConfig config) {
      this.config = config;
      qkv = addChildBlock("qkv", linear(3 * config.hiddenSize(), config.qkvBias()));
      outProj = addChildBlock("out_proj", linear(config.hiddenSize(), true));
    }

    @Override
    protected NDArray compute(ParameterStore parameters, NDList inputs, boolean training) {
      NDArray stacked = Steps.run(qkv, parameters, inputs.singletonOrThrow(), training);
      NDArray joined = Steps.thenFree(stacked, x -> attend(x, training));
      NDArray projected = Steps.runAndFree(outProj, parameters, joined, training);
      return FeedForward.dropout(projected, config.dropout(), training);
    }

    private NDArray attend(NDArray stacked, boolean training) {
      // Attention leaves its intermediates on the manager of its operands: give it one of its own.
      try (NDManager scope = stacked.getManager().newSubManager()) {
        NDList parts = stacked.split(3, 2); // 3 × (B, N, C)
        parts.attach(scope);
        NDArray out =
            Attention.multiHead(
                parts.get(0),
                parts.get(1),
                parts.get(2),
                config.heads(),
                training ? config.dropout() : 0); // (B, N, C)
        out.attach(stacked.getManager());
        return out;
      }
    }
  }

  /** Two linear layers with a GELU between them. */
  private static final class Mlp extends TypedBlock {
    private final double dropout;
    private final FeedForward layers;

    Mlp(Vit3dConfig config) {
      dropout = config.dropout();
      Linear linear1 = addChildBlock("linear1", linear(config.mlpSize(), true));
      Linear linear2 = addChildBlock("linear2", linear(config.hiddenSize(), true));
      layers = new FeedForward(linear1, linear2, config.mlpSize());
    }

    @Override
    protected NDArray compute(ParameterStore parameters, NDList inputs, boolean training) {
      return layers.run(parameters, inputs.singletonOrThrow(), dropout, dropout, training);
    }

    @Override
    protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputs) {
      layers.initialize(manager, dataType, inputs[0]);
    }
  }
}
