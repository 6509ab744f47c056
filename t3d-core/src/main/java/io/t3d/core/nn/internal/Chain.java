package io.t3d.core.nn.internal;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import io.t3d.core.nn.TypedBlock;
import java.util.List;

/**
 * Blocks one after the other, named 0, 1, … as in {@code torch.nn.Sequential}. Unlike DJL's
 * SequentialBlock it frees what lies between two blocks. Holds at least one block.
 */
public final class Chain extends TypedBlock {
  public Chain(List<? extends Block> blocks) {
    for (Block block : blocks) {
      addChildBlock(Integer.toString(children.size()), block);
    }
  }

  /** Runs the chain; the input stays open. */
  public NDArray forward(ParameterStore parameters, NDArray x, boolean training) {
    List<Block> blocks = children.values();
    NDArray first = Steps.run(blocks.get(0), parameters, x, training);
    return continueAndFree(blocks.subList(1, blocks.size()), parameters, first, training);
  }

  /** Runs the chain and frees its input as soon as the first block is done. */
  public NDArray forwardAndFree(ParameterStore parameters, NDArray x, boolean training) {
    return continueAndFree(children.values(), parameters, x, training);
  }

  private static NDArray continueAndFree(
      List<Block> blocks, ParameterStore parameters, NDArray x, boolean training) {
    NDArray y = x;
    for (Block block : blocks) {
      y = Steps.runAndFree(block, parameters, y, training);
    }
    return y;
  }

  @Override
  protected NDArray compute(ParameterStore parameters, NDList inputs, boolean training) {
    return forward(parameters, inputs.singletonOrThrow(), training);
  }

  @Override
  protected Shape outputShape(Shape... inputs) {
    Shape[] shapes = inputs;
    for (Block block : children.values()) {
      shapes = block.getOutputShapes(shapes);
    }
    return shapes[0];
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
