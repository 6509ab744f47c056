package io.t3d.core.nn.ctvit;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.LayerNorm;
import ai.djl.training.ParameterStore;
import io.t3d.core.config.CtVitConfig;
import io.t3d.core.internal.Scopes;
import io.t3d.core.nn.TypedBlock;
import io.t3d.core.nn.internal.NamedBlocks;
import io.t3d.core.nn.internal.Steps;

/**
 * A norm, then {@code W₂ (a ⊙ gelu(b))} with {@code (a, b) = W₁ x}. (Shazeer 2020, "GLU Variants
 * Improve Transformer", GEGLU)
 */
final class GatedFeedForward extends TypedBlock {
  private final CtVitConfig config;
  private final LayerNorm norm;
  private final Linear in;
  private final Linear out;

  GatedFeedForward(CtVitConfig config) {
    this.config = config;
    norm = addChildBlock("norm", NamedBlocks.layerNorm(1e-5));
    in = addChildBlock("in", NamedBlocks.linear(2 * config.mlpSize(), false));
    out = addChildBlock("out", NamedBlocks.linear(config.hiddenSize(), false));
  }

  @Override
  protected NDArray compute(ParameterStore parameters, NDList inputs, boolean training) {
    return Scopes.within(
        inputs.singletonOrThrow(),
        x -> {
          NDArray normed = Steps.run(norm, parameters, x, training);
          NDArray both = Steps.runAndFree(in, parameters, normed, training); // (B, L, 2·m)
          NDList parts = both.split(2, 2);
          NDArray gate = Activation.gelu(parts.get(1));
          NDArray gated = Steps.thenFree(gate, g -> parts.get(0).mul(g)); // (B, L, m)
          parts.close();
          both.close();
          return Steps.runAndFree(out, parameters, gated, training);
        });
  }

  @Override
  protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputs) {
    Shape tokens = new Shape(1, 1, config.hiddenSize());
    norm.initialize(manager, dataType, tokens);
    in.initialize(manager, dataType, tokens);
    out.initialize(manager, dataType, new Shape(1, 1, config.mlpSize()));
  }
}
