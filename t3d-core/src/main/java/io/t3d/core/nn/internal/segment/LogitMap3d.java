package io.t3d.core.nn.internal.segment;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import io.t3d.core.nn.TypedBlock;
import io.t3d.core.nn.internal.NamedBlocks;
import io.t3d.core.nn.internal.Steps;
import io.t3d.core.torch.Casts;
import io.t3d.core.torch.MemoryFormats;

/**
 * From features to logits, voxel by voxel: {@code linear.weight (K, C)}, {@code linear.bias (K)}.
 */
final class LogitMap3d extends TypedBlock {
  private final int classes;
  private final Linear linear;

  LogitMap3d(int classes) {
    this.classes = classes;
    linear = addChildBlock("linear", NamedBlocks.linear(classes, true));
  }

  /** {@code (B, C, D, H, W)} to {@code (B, K, D, H, W)}, float32, contiguous. */
  @Override
  protected NDArray compute(ParameterStore parameters, NDList inputs, boolean training) {
    NDArray x = inputs.singletonOrThrow().transpose(0, 2, 3, 4, 1); // (B, D, H, W, C)
    NDArray y = Steps.runAndFree(linear, parameters, x, training); // (B, D, H, W, K)
    y = Steps.thenFree(y, z -> z.transpose(0, 4, 1, 2, 3)); // (B, K, D, H, W)
    y = Steps.thenFree(y, Casts::toFloat32);
    return Steps.thenFree(y, MemoryFormats::contiguous);
  }

  @Override
  protected Shape outputShape(Shape... inputs) {
    Shape s = inputs[0];
    return new Shape(s.get(0), classes).addAll(s.slice(2));
  }

  @Override
  protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputs) {
    linear.initialize(manager, dataType, new Shape(1, inputs[0].get(1)));
  }
}
