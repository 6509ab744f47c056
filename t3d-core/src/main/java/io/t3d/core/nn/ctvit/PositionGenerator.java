package io.t3d.core.nn.ctvit;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.nn.convolutional.Conv3d;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.NormalInitializer;
import io.t3d.core.internal.Scopes;
import io.t3d.core.nn.TypedBlock;
import io.t3d.core.torch.Casts;
import io.t3d.core.torch.MemoryFormats;

/**
 * Tells tokens where they are: a 3×3×3 convolution of each channel by itself, added to the tokens.
 * Along the first axis it looks back only. (Chu et al. 2021, "Conditional Positional Encodings for
 * Vision Transformers")
 */
final class PositionGenerator extends TypedBlock {
  private static final int KERNEL = 3;

  private final int channels;
  private final Parameter weight;
  private final Parameter bias;

  PositionGenerator(int channels) {
    this.channels = channels;
    weight =
        addParameter(
            Parameter.builder()
                .setName("weight")
                .setType(Parameter.Type.WEIGHT)
                .optShape(new Shape(channels, 1, KERNEL, KERNEL, KERNEL))
                .optInitializer(new NormalInitializer(CtVit.INIT_STD))
                .build());
    bias =
        addParameter(
            Parameter.builder()
                .setName("bias")
                .setType(Parameter.Type.BIAS)
                .optShape(new Shape(channels))
                .build());
  }

  /**
   * Adds the convolution.
   *
   * @param x tokens of any shape whose memory is read as {@code grid}
   * @param grid {@code (B, d, h, w, C)}
   * @return of the shape of {@code x}, whose manager owns it
   */
  NDArray add(ParameterStore parameters, NDArray x, Shape grid, boolean training) {
    return Scopes.within(x, y -> y.add(convolved(parameters, y, grid, training)));
  }

  private NDArray convolved(ParameterStore parameters, NDArray x, Shape grid, boolean training) {
    NDManager scope = x.getManager();
    NDArray w = parameters.getValue(weight, x.getDevice(), training);
    NDArray b = parameters.getValue(bias, x.getDevice(), training);
    NDArray map = Casts.toFloat32(x).reshape(grid);
    NDArray before =
        scope.zeros(new Shape(grid.get(0), KERNEL - 1, grid.get(2), grid.get(3), channels));
    NDArray padded =
        NDArrays.concat(new NDList(before, map), 1).transpose(0, 4, 1, 2, 3); // (B, C, d + 2, h, w)
    NDArray out =
        Conv3d.conv3d(
                padded, w, b, new Shape(1, 1, 1), new Shape(0, 1, 1), new Shape(1, 1, 1), channels)
            .singletonOrThrow(); // (B, C, d, h, w)
    return MemoryFormats.contiguous(out.transpose(0, 2, 3, 4, 1)).reshape(x.getShape());
  }

  @Override
  protected NDArray compute(ParameterStore parameters, NDList inputs, boolean training) {
    NDArray x = inputs.singletonOrThrow();
    return add(parameters, x, x.getShape(), training);
  }
}
