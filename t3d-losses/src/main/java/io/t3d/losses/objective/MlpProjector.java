package io.t3d.losses.objective;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Activation;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.t3d.core.nn.internal.ProjectionHead;

/**
 * Linear, batch norm, ReLU, linear: the head of SimCLR, VICReg and SwAV. It takes up what the loss
 * makes of the features, so that these stay general; dropped after pre-training.
 */
final class MlpProjector extends AbstractBlock {
  private final ProjectionHead hidden;
  private final ProjectionHead out;

  @SuppressWarnings("this-escape")
  MlpProjector(int in, ObjectiveConfig.Projector sizes) {
    hidden = addChildBlock("hidden", new ProjectionHead(in, sizes.hidden(), true));
    out = addChildBlock("out", new ProjectionHead(sizes.hidden(), sizes.out()));
  }

  /** {@code (rows, E)} to {@code (rows, F)}. */
  NDArray project(ParameterStore parameters, NDArray features, boolean training) {
    NDArray h = Activation.relu(hidden.project(parameters, features, training));
    return out.project(parameters, h, training);
  }

  @Override
  protected NDList forwardInternal(
      ParameterStore parameters,
      NDList inputs,
      boolean training,
      PairList<String, Object> arguments) {
    return new NDList(project(parameters, inputs.singletonOrThrow(), training));
  }

  @Override
  public Shape[] getOutputShapes(Shape[] inputs) {
    return out.getOutputShapes(hidden.getOutputShapes(inputs));
  }

  @Override
  protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputs) {
    hidden.initialize(manager, dataType, inputs);
    out.initialize(manager, dataType, hidden.getOutputShapes(inputs));
  }
}
