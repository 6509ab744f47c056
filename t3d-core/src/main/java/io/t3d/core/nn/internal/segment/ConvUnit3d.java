package io.t3d.core.nn.internal.segment;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Activation;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import io.t3d.core.nn.TypedBlock;
import io.t3d.core.nn.internal.Steps;
import io.t3d.core.nn.internal.conv.ResidualBlock3d;

/**
 * A 3×3×3 convolution, batch norm and leaky ReLU: the brick of a decoder.
 *
 * <p>Not instance norm, though a batch is one or two crops: it removes what is the same all over a
 * window, so that a window of nothing but air is stretched noise, in which a network sees organs.
 * The running statistics keep air air.
 */
final class ConvUnit3d extends TypedBlock {
  private static final float SLOPE = 0.01f;

  private final Block conv;
  private final Block norm;

  ConvUnit3d(int channels) {
    conv = addChildBlock("conv", ResidualBlock3d.conv(3, 1, channels));
    norm = addChildBlock("norm", ResidualBlock3d.norm());
  }

  @Override
  protected NDArray compute(ParameterStore parameters, NDList inputs, boolean training) {
    NDArray x = Steps.run(conv, parameters, inputs.singletonOrThrow(), training);
    x = Steps.runAndFree(norm, parameters, x, training);
    return Steps.thenFree(x, y -> Activation.leakyRelu(y, SLOPE));
  }

  @Override
  protected Shape outputShape(Shape... inputs) {
    return conv.getOutputShapes(inputs)[0];
  }

  @Override
  protected void initializeChildBlocks(NDManager manager, DataType dataType, Shape... inputs) {
    conv.initialize(manager, dataType, inputs);
    norm.initialize(manager, dataType, conv.getOutputShapes(inputs));
  }
}
