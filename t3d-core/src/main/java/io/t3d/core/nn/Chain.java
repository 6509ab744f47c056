package io.t3d.core.nn;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import java.util.List;

/**
 * Blocks one after the other, named 0, 1, … as in {@code torch.nn.Sequential}. Unlike DJL's
 * SequentialBlock it frees what lies between two blocks.
 */
final class Chain extends AbstractBlock {
  Chain(List<? extends Block> blocks) {
    for (Block block : blocks) {
      addChildBlock(Integer.toString(children.size()), block);
    }
  }

  NDArray forward(ParameterStore parameters, NDArray x, boolean training) {
    NDArray y = x;
    for (Block block : children.values()) {
      NDArray next = Steps.run(block, parameters, y, training);
      if (y != x) {
        y.close();
      }
      y = next;
    }
    return y;
  }

  @Override
  protected NDList forwardInternal(
      ParameterStore parameters,
      NDList inputs,
      boolean training,
      PairList<String, Object> arguments) {
    return new NDList(forward(parameters, inputs.singletonOrThrow(), training));
  }

  @Override
  public Shape[] getOutputShapes(Shape[] inputs) {
    Shape[] shapes = inputs;
    for (Block block : children.values()) {
      shapes = block.getOutputShapes(shapes);
    }
    return shapes;
  }

  @Override
  protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputs) {
    Shape[] shapes = inputs;
    for (Block block : children.values()) {
      block.initialize(manager, dataType, shapes);
      shapes = block.getOutputShapes(shapes);
    }
  }
}
