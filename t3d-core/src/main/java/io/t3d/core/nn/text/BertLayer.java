package io.t3d.core.nn.text;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.LayerNorm;
import ai.djl.training.ParameterStore;
import io.t3d.core.config.TextConfig;
import io.t3d.core.internal.Scopes;
import io.t3d.core.nn.TypedBlock;
import io.t3d.core.nn.internal.FeedForward;
import io.t3d.core.nn.internal.NamedBlocks;
import io.t3d.core.nn.internal.Steps;
import io.t3d.core.torch.Attention;

/** One post-norm transformer layer: {@code x = LN(x + f(x))} for attention, then feed-forward. */
final class BertLayer extends TypedBlock {
  private final TextConfig config;
  private final Linear query;
  private final Linear key;
  private final Linear value;
  private final Linear attentionOutput;
  private final LayerNorm attentionNorm;
  private final FeedForward mlp;
  private final LayerNorm mlpNorm;

  @SuppressWarnings("this-escape")
  BertLayer(TextConfig config) {
    this.config = config;
    int c = config.hiddenSize();
    NamedBlocks attention = addChildBlock("attention", new NamedBlocks());
    NamedBlocks self = attention.add("self", new NamedBlocks());
    query = self.add("query", NamedBlocks.linear(c, true));
    key = self.add("key", NamedBlocks.linear(c, true));
    value = self.add("value", NamedBlocks.linear(c, true));
    NamedBlocks joined = attention.add("output", new NamedBlocks());
    attentionOutput = joined.add("dense", NamedBlocks.linear(c, true));
    attentionNorm = joined.add("LayerNorm", NamedBlocks.layerNorm(config.layerNormEps()));
    NamedBlocks intermediate = addChildBlock("intermediate", new NamedBlocks());
    Linear mlpIn = intermediate.add("dense", NamedBlocks.linear(config.mlpSize(), true));
    NamedBlocks output = addChildBlock("output", new NamedBlocks());
    Linear mlpOut = output.add("dense", NamedBlocks.linear(c, true));
    mlp = new FeedForward(mlpIn, mlpOut, config.mlpSize());
    mlpNorm = output.add("LayerNorm", NamedBlocks.layerNorm(config.layerNormEps()));
  }

  /** {@code x (B, L, C)} and boolean {@code mask (B, 1, 1, L)} to {@code (B, L, C)}. */
  NDArray forward(ParameterStore parameters, NDArray x, NDArray mask, boolean training) {
    return Scopes.within(
        x, y -> feedForward(parameters, attend(parameters, y, mask, training), training));
  }

  private NDArray attend(ParameterStore parameters, NDArray x, NDArray mask, boolean training) {
    NDArray attended =
        Attention.multiHead(
            Steps.run(query, parameters, x, training),
            Steps.run(key, parameters, x, training),
            Steps.run(value, parameters, x, training),
            config.heads(),
            mask,
            training ? config.dropout() : 0);
    NDArray joined = Steps.run(attentionOutput, parameters, attended, training);
    joined = FeedForward.dropout(joined, config.dropout(), training);
    return Steps.run(attentionNorm, parameters, x.add(joined), training);
  }

  private NDArray feedForward(ParameterStore parameters, NDArray x, boolean training) {
    NDArray out = mlp.run(parameters, x, 0, config.dropout(), training);
    return Steps.run(mlpNorm, parameters, x.add(out), training);
  }

  @Override
  protected NDArray compute(ParameterStore parameters, NDList inputs, boolean training) {
    return forward(parameters, inputs.get(0), inputs.get(1), training);
  }

  @Override
  protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputs) {
    Shape tokens = new Shape(1, 1, config.hiddenSize());
    query.initialize(manager, dataType, tokens);
    key.initialize(manager, dataType, tokens);
    value.initialize(manager, dataType, tokens);
    attentionOutput.initialize(manager, dataType, tokens);
    attentionNorm.initialize(manager, dataType, tokens);
    mlp.initialize(manager, dataType, tokens);
    mlpNorm.initialize(manager, dataType, tokens);
  }
}
