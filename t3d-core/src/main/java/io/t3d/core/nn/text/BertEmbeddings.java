package io.t3d.core.nn.text;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.norm.Dropout;
import ai.djl.nn.norm.LayerNorm;
import ai.djl.training.ParameterStore;
import io.t3d.core.config.TextConfig;
import io.t3d.core.internal.Scopes;
import io.t3d.core.nn.TypedBlock;
import io.t3d.core.nn.internal.EmbeddingTable;
import io.t3d.core.nn.internal.NamedBlocks;
import io.t3d.core.nn.internal.Steps;

/** Token, position and token-type embeddings, summed and normalised. (HuggingFace's names) */
final class BertEmbeddings extends TypedBlock {
  private final TextConfig config;
  private final EmbeddingTable words;
  private final EmbeddingTable positions;
  private final EmbeddingTable tokenTypes;
  private final LayerNorm norm;

  @SuppressWarnings("this-escape")
  BertEmbeddings(TextConfig config) {
    this.config = config;
    int c = config.hiddenSize();
    words = addChildBlock("word_embeddings", new EmbeddingTable(config.vocabSize(), c));
    positions = addChildBlock("position_embeddings", new EmbeddingTable(config.positions(), c));
    tokenTypes = addChildBlock("token_type_embeddings", new EmbeddingTable(config.tokenTypes(), c));
    norm = addChildBlock("LayerNorm", NamedBlocks.layerNorm(config.layerNormEps()));
  }

  NDArray forward(ParameterStore parameters, NDArray tokenIds, boolean training) {
    return Scopes.within(tokenIds, ids -> embed(parameters, ids, training));
  }

  private NDArray embed(ParameterStore parameters, NDArray tokenIds, boolean training) {
    NDManager manager = tokenIds.getManager();
    int length = (int) tokenIds.getShape().get(1);
    int first = config.positionOffset();
    NDArray where = manager.arange(first, first + length, 1, DataType.INT64); // (L)
    NDArray type = manager.zeros(new Shape(1), DataType.INT64);
    NDArray sum =
        words
            .lookUp(parameters, tokenIds, training) // (B, L, C)
            .add(positions.lookUp(parameters, where, training)) // (L, C)
            .add(tokenTypes.lookUp(parameters, type, training)); // (1, C)
    NDArray normed = Steps.run(norm, parameters, sum, training);
    return Dropout.dropout(normed, (float) config.dropout(), training).singletonOrThrow();
  }

  @Override
  protected NDArray compute(ParameterStore parameters, NDList inputs, boolean training) {
    return forward(parameters, inputs.singletonOrThrow(), training);
  }

  @Override
  protected Shape outputShape(Shape... inputs) {
    return inputs[0].add(config.hiddenSize());
  }

  @Override
  protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputs) {
    words.initialize(manager, dataType, inputs);
    positions.initialize(manager, dataType, inputs);
    tokenTypes.initialize(manager, dataType, inputs);
    norm.initialize(manager, dataType, new Shape(1, 1, config.hiddenSize()));
  }
}
