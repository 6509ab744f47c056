package io.t3d.core.nn.internal.report;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.core.Linear;
import ai.djl.nn.norm.LayerNorm;
import ai.djl.training.ParameterStore;
import io.t3d.core.config.ReportDecoderConfig;
import io.t3d.core.internal.Scopes;
import io.t3d.core.nn.TypedBlock;
import io.t3d.core.nn.internal.FeedForward;
import io.t3d.core.nn.internal.NamedBlocks;
import io.t3d.core.nn.internal.Steps;
import io.t3d.core.nn.internal.report.DecoderAttention.KeyValue;
import org.jspecify.annotations.Nullable;

/**
 * One pre-norm layer: {@code x + self(LN(x))}, {@code x + cross(LN(x), visual)}, {@code x +
 * FFN(LN(x))}. Named as BART's.
 */
final class DecoderLayer extends TypedBlock {
  private final ReportDecoderConfig config;
  private final DecoderAttention self;
  private final LayerNorm selfNorm;
  private final DecoderAttention cross;
  private final LayerNorm crossNorm;
  private final FeedForward mlp;
  private final LayerNorm mlpNorm;

  DecoderLayer(ReportDecoderConfig config) {
    this.config = config;
    double eps = config.layerNormEps();
    self = addChildBlock("self_attn", new DecoderAttention(config));
    selfNorm = addChildBlock("self_attn_layer_norm", NamedBlocks.layerNorm(eps));
    cross = addChildBlock("encoder_attn", new DecoderAttention(config));
    crossNorm = addChildBlock("encoder_attn_layer_norm", NamedBlocks.layerNorm(eps));
    Linear mlpIn = addChildBlock("fc1", NamedBlocks.linear(config.mlpSize(), true));
    Linear mlpOut = addChildBlock("fc2", NamedBlocks.linear(config.hiddenSize(), true));
    mlp = new FeedForward(mlpIn, mlpOut, config.mlpSize());
    mlpNorm = addChildBlock("final_layer_norm", NamedBlocks.layerNorm(eps));
  }

  /** Keys and values of the visual tokens {@code (B, N, C)}. */
  KeyValue visualKeys(ParameterStore parameters, NDArray visual, boolean training) {
    return cross.keyValue(parameters, visual, training);
  }

  /**
   * Runs the layer.
   *
   * @param x {@code (B, L, C)}
   * @param visual what {@link #visualKeys} made
   * @param past where the keys of earlier tokens are and those of these go; null to keep none
   * @param mask boolean, {@code (1, 1, L, past + L)}; null when every token may look at all
   */
  NDArray forward(
      ParameterStore parameters,
      NDArray x,
      KeyValue visual,
      DecoderCache.@Nullable Layer past,
      @Nullable NDArray mask,
      boolean training) {
    return Scopes.within(
        x,
        y -> {
          NDArray a = y.add(selfAttend(parameters, y, past, mask, training));
          NDArray seen = Steps.run(crossNorm, parameters, a, training);
          NDArray message = cross.attend(parameters, seen, visual, null, training);
          NDArray b = a.add(dropout(message, training));
          return b.add(feedForward(parameters, b, training));
        });
  }

  private NDArray selfAttend(
      ParameterStore parameters,
      NDArray x,
      DecoderCache.@Nullable Layer past,
      @Nullable NDArray mask,
      boolean training) {
    NDArray y = Steps.run(selfNorm, parameters, x, training);
    KeyValue own = self.keyValue(parameters, y, training);
    KeyValue all = past == null ? own : past.append(own);
    return dropout(self.attend(parameters, y, all, mask, training), training);
  }

  private NDArray feedForward(ParameterStore parameters, NDArray x, boolean training) {
    NDArray y = Steps.run(mlpNorm, parameters, x, training);
    return mlp.run(parameters, y, 0, config.dropout(), training);
  }

  private NDArray dropout(NDArray x, boolean training) {
    return FeedForward.dropout(x, config.dropout(), training);
  }

  @Override
  protected NDArray compute(ParameterStore parameters, NDList inputs, boolean training) {
    KeyValue visual = visualKeys(parameters, inputs.get(1), training);
    return forward(parameters, inputs.get(0), visual, null, null, training);
  }

  @Override
  protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputs) {
    Shape tokens = new Shape(1, 1, config.hiddenSize());
    self.initialize(manager, dataType, tokens);
    selfNorm.initialize(manager, dataType, tokens);
    cross.initialize(manager, dataType, tokens);
    crossNorm.initialize(manager, dataType, tokens);
    mlp.initialize(manager, dataType, tokens);
    mlpNorm.initialize(manager, dataType, tokens);
  }
}
