package io.t3d.core.nn.vision;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import io.t3d.core.internal.Scopes;
import io.t3d.core.nn.TypedBlock;
import io.t3d.core.nn.internal.Steps;
import io.t3d.core.torch.Attention;

/**
 * One multi-head attention that gathers a view's tokens into one vector; its query is their mean.
 * (Radford et al. 2021, "Learning Transferable Visual Models From Natural Language Supervision",
 * section 2.4, where positions are added first)
 */
final class AttentionPooling extends TypedBlock {
  private final int heads;
  private final Linear query;
  private final Linear key;
  private final Linear value;
  private final Linear outProj;

  AttentionPooling(int channels, int heads) {
    this.heads = heads;
    query = addChildBlock("query", VitBlock.linear(channels, true));
    key = addChildBlock("key", VitBlock.linear(channels, true));
    value = addChildBlock("value", VitBlock.linear(channels, true));
    outProj = addChildBlock("out_proj", VitBlock.linear(channels, true));
  }

  /** {@code tokens (B, N, C)} to {@code (B, C)}; the input stays open. */
  NDArray pool(ParameterStore parameters, NDArray tokens, boolean training) {
    return Scopes.within(
        tokens,
        x -> {
          NDArray mean = x.mean(new int[] {1}, true); // (B, 1, C)
          NDArray gathered =
              Attention.multiHead(
                  Steps.run(query, parameters, mean, training),
                  Steps.run(key, parameters, x, training),
                  Steps.run(value, parameters, x, training),
                  heads,
                  0); // (B, 1, C)
          return Steps.run(outProj, parameters, gathered, training).squeeze(1); // (B, C)
        });
  }

  /** Every token as if attention gathered it alone, {@code (B, N, C)}; the input stays open. */
  NDArray dense(ParameterStore parameters, NDArray tokens, boolean training) {
    NDArray values = Steps.run(value, parameters, tokens, training);
    return Steps.runAndFree(outProj, parameters, values, training);
  }

  @Override
  protected NDArray compute(ParameterStore parameters, NDList inputs, boolean training) {
    return pool(parameters, inputs.singletonOrThrow(), training);
  }

  @Override
  protected Shape outputShape(Shape... inputs) {
    return new Shape(inputs[0].get(0), inputs[0].get(2));
  }

  @Override
  protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputs) {
    query.initialize(manager, dataType, inputs);
    key.initialize(manager, dataType, inputs);
    value.initialize(manager, dataType, inputs);
    outProj.initialize(manager, dataType, inputs);
  }
}
