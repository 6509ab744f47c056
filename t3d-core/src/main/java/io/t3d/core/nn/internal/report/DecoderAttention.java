package io.t3d.core.nn.internal.report;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import io.t3d.core.config.ReportDecoderConfig;
import io.t3d.core.internal.Scopes;
import io.t3d.core.nn.TypedBlock;
import io.t3d.core.nn.internal.NamedBlocks;
import io.t3d.core.nn.internal.Steps;
import io.t3d.core.torch.Attention;
import org.jspecify.annotations.Nullable;

/**
 * Attention whose keys and values can be kept: made apart from the queries that read them. Named as
 * BART's ({@code q_proj, k_proj, v_proj, out_proj}).
 */
final class DecoderAttention extends TypedBlock {
  private final ReportDecoderConfig config;
  private final Linear query;
  private final Linear key;
  private final Linear value;
  private final Linear output;

  DecoderAttention(ReportDecoderConfig config) {
    this.config = config;
    int c = config.hiddenSize();
    key = addChildBlock("k_proj", NamedBlocks.linear(c, true));
    value = addChildBlock("v_proj", NamedBlocks.linear(c, true));
    query = addChildBlock("q_proj", NamedBlocks.linear(c, true));
    output = addChildBlock("out_proj", NamedBlocks.linear(c, true));
  }

  /**
   * Keys and values, not yet split into heads.
   *
   * @param key {@code (B, S, C)}
   * @param value {@code (B, S, C)}
   */
  record KeyValue(NDArray key, NDArray value) {}

  /** Keys and values of {@code x (B, S, C)}. */
  KeyValue keyValue(ParameterStore parameters, NDArray x, boolean training) {
    return new KeyValue(
        Steps.run(key, parameters, x, training), Steps.run(value, parameters, x, training));
  }

  /** {@code x (B, L, C)} looks where the boolean {@code mask} lets it; null for everywhere. */
  NDArray attend(
      ParameterStore parameters,
      NDArray x,
      KeyValue seen,
      @Nullable NDArray mask,
      boolean training) {
    NDArray q = Steps.run(query, parameters, x, training);
    // The heads are split on the manager of keys and values, which may be one that lives on.
    NDArray k = Scopes.handle(seen.key(), x.getManager());
    NDArray v = Scopes.handle(seen.value(), x.getManager());
    double dropout = training ? config.dropout() : 0;
    NDArray joined =
        mask == null
            ? Attention.multiHead(q, k, v, config.heads(), dropout)
            : Attention.multiHead(q, k, v, config.heads(), mask, dropout);
    return Steps.run(output, parameters, joined, training); // (B, L, C)
  }

  @Override
  protected NDArray compute(ParameterStore parameters, NDList inputs, boolean training) {
    KeyValue seen = keyValue(parameters, inputs.get(1), training);
    return attend(parameters, inputs.get(0), seen, null, training);
  }

  @Override
  protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputs) {
    Shape tokens = new Shape(1, 1, config.hiddenSize());
    for (Linear linear : new Linear[] {key, value, query, output}) {
      linear.initialize(manager, dataType, tokens);
    }
  }
}
