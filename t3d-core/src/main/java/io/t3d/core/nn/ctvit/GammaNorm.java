package io.t3d.core.nn.ctvit;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.nn.norm.LayerNorm;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.Initializer;
import io.t3d.core.nn.TypedBlock;

/** A layer norm over the channels that has a gain and no offset. */
final class GammaNorm extends TypedBlock {
  private static final float EPS = 1e-5f;

  private final int channels;
  private final Parameter gain;

  GammaNorm(int channels) {
    this.channels = channels;
    gain =
        addParameter(
            Parameter.builder()
                .setName("gain")
                .setType(Parameter.Type.GAMMA)
                .optShape(new Shape(channels))
                .optInitializer(Initializer.ONES)
                .build());
  }

  @Override
  protected NDArray compute(ParameterStore parameters, NDList inputs, boolean training) {
    NDArray x = inputs.singletonOrThrow();
    NDArray g = parameters.getValue(gain, x.getDevice(), training);
    try (NDArray none = x.getManager().zeros(new Shape(channels), DataType.FLOAT32)) {
      return LayerNorm.layerNorm(x, new Shape(channels), g, none, EPS).singletonOrThrow();
    }
  }
}
