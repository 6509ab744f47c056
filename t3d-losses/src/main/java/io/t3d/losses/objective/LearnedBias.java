package io.t3d.losses.objective;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;

/** A learned scalar that a loss adds to its logits. */
final class LearnedBias extends AbstractBlock {
  private final Parameter value;

  @SuppressWarnings("this-escape")
  LearnedBias(double start) {
    value =
        addParameter(
            Parameter.builder()
                .setName("bias")
                .setType(Parameter.Type.OTHER)
                .optShape(new Shape())
                .optInitializer((manager, shape, type) -> manager.full(shape, (float) start, type))
                .build());
  }

  NDArray value() {
    return value.getArray();
  }

  @Override
  protected NDList forwardInternal(
      ParameterStore parameters,
      NDList inputs,
      boolean training,
      PairList<String, Object> arguments) {
    return new NDList(value());
  }

  @Override
  public Shape[] getOutputShapes(Shape[] inputs) {
    return new Shape[] {new Shape()};
  }
}
