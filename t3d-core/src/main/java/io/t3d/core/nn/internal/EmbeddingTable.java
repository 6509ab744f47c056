package io.t3d.core.nn.internal;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.ndarray.types.SparseFormat;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Embedding;
import ai.djl.training.ParameterStore;
import io.t3d.core.nn.TypedBlock;

/** Rows looked up by id, as {@code torch.nn.Embedding}. */
public final class EmbeddingTable extends TypedBlock {
  private final long width;
  private final Parameter weight;

  @SuppressWarnings("this-escape")
  public EmbeddingTable(long rows, long width) {
    this.width = width;
    weight =
        addParameter(
            Parameter.builder()
                .setName("weight")
                .setType(Parameter.Type.WEIGHT)
                .optShape(new Shape(rows, width))
                .build());
  }

  /** {@code ids (…)}, int64, to {@code (…, C)}; the result belongs to the ids' manager. */
  public NDArray lookUp(ParameterStore parameters, NDArray ids, boolean training) {
    NDArray rows = parameters.getValue(weight, ids.getDevice(), training);
    return Embedding.embedding(ids, rows, SparseFormat.DENSE).singletonOrThrow();
  }

  /** All rows {@code (rows, C)}: the parameter itself, for a tied output layer. */
  public NDArray rows(ParameterStore parameters, NDArray like, boolean training) {
    return parameters.getValue(weight, like.getDevice(), training);
  }

  @Override
  protected NDArray compute(ParameterStore parameters, NDList inputs, boolean training) {
    return lookUp(parameters, inputs.singletonOrThrow(), training);
  }

  @Override
  protected Shape outputShape(Shape... inputShapes) {
    return inputShapes[0].add(width);
  }
}
