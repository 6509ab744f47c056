package io.t3d.core.nn.vision;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.Dropout;
import ai.djl.nn.norm.LayerNorm;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.NormalInitializer;
import ai.djl.util.PairList;
import io.t3d.core.config.Vit3dConfig;
import io.t3d.core.nn.internal.NamedBlocks;
import io.t3d.core.nn.internal.Steps;
import io.t3d.core.torch.Attention;

/**
 * A pre-norm transformer block: {@code x + attn(norm1(x))}, then {@code x + mlp(norm2(x))}.
 * (Dosovitskiy et al. 2021, eq. 2 and 3)
 */
final class VitBlock extends AbstractBlock {
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

  /** Dropout in training, freeing the input; else the input itself. */
  static NDArray dropout(NDArray x, double probability, boolean training) {
    if (!training || probability == 0) {
      return x;
    }
    return Steps.thenFree(x, y -> Dropout.dropout(y, (float) probability, true).singletonOrThrow());
  }

  @Override
  protected NDList forwardInternal(
      ParameterStore parameters,
      NDList inputs,
      boolean training,
      PairList<String, Object> arguments) {
    NDArray x = inputs.singletonOrThrow();
    NDArray y = Steps.run(norm1, parameters, x, training);
    y = Steps.runAndFree(attn, parameters, y, training);
    NDArray attended = Steps.thenFree(y, z -> z.add(x));
    y = Steps.run(norm2, parameters, attended, training);
    y = Steps.runAndFree(mlp, parameters, y, training);
    return new NDList(Steps.addAndFree(y, attended));
  }

  @Override
  public Shape[] getOutputShapes(Shape[] inputs) {
    return inputs;
  }

  @Override
  protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputs) {
    for (Block block : children.values()) {
      block.initialize(manager, dataType, inputs);
    }
  }

  /** Self-attention; {@code qkv.weight} stacks query, key and value rows. */
  private static final class SelfAttention extends AbstractBlock {
    private final Vit3dConfig config;
    private final Linear qkv;
    private final Linear outProj;

    SelfAttention(Vit3dConfig config) {
      this.config = config;
      qkv = addChildBlock("qkv", linear(3 * config.hiddenSize(), config.qkvBias()));
      outProj = addChildBlock("out_proj", linear(config.hiddenSize(), true));
    }

    @Override
    protected NDList forwardInternal(
        ParameterStore parameters,
        NDList inputs,
        boolean training,
        PairList<String, Object> arguments) {
      NDArray stacked = Steps.run(qkv, parameters, inputs.singletonOrThrow(), training);
      NDArray joined = Steps.thenFree(stacked, x -> attend(x, training));
      NDArray projected = Steps.runAndFree(outProj, parameters, joined, training);
      return new NDList(dropout(projected, config.dropout(), training));
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
                null,
                training ? config.dropout() : 0); // (B, N, C)
        out.attach(stacked.getManager());
        return out;
      }
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputs) {
      return inputs;
    }

    @Override
    protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputs) {
      qkv.initialize(manager, dataType, inputs);
      outProj.initialize(manager, dataType, inputs);
    }
  }

  /** Two linear layers with a GELU between them. */
  private static final class Mlp extends AbstractBlock {
    private final Vit3dConfig config;
    private final Linear linear1;
    private final Linear linear2;

    Mlp(Vit3dConfig config) {
      this.config = config;
      linear1 = addChildBlock("linear1", linear(config.mlpSize(), true));
      linear2 = addChildBlock("linear2", linear(config.hiddenSize(), true));
    }

    @Override
    protected NDList forwardInternal(
        ParameterStore parameters,
        NDList inputs,
        boolean training,
        PairList<String, Object> arguments) {
      NDArray x = Steps.run(linear1, parameters, inputs.singletonOrThrow(), training);
      x = dropout(Steps.thenFree(x, Activation::gelu), config.dropout(), training);
      x = Steps.runAndFree(linear2, parameters, x, training);
      return new NDList(dropout(x, config.dropout(), training));
    }

    @Override
    public Shape[] getOutputShapes(Shape[] inputs) {
      return inputs;
    }

    @Override
    protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputs) {
      linear1.initialize(manager, dataType, inputs);
      linear2.initialize(manager, dataType, linear1.getOutputShapes(inputs));
    }
  }
}
