package io.t3d.core.nn;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.AbstractBlock;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.training.initializer.NormalInitializer;
import ai.djl.util.PairList;

/**
 * Encoder features to the shared space: one linear map without bias, as in CLIP (Radford et al.
 * 2021). Being linear it commutes with the mean: the projected mean of tokens is the mean of
 * projected tokens.
 */
public final class ProjectionHead extends AbstractBlock {
  private final int out;
  private final Parameter weight;

  /**
   * Builds the head; weights start normal with standard deviation {@code in^-1/2}.
   *
   * @param in C, width of the features
   * @param out E, width of the embedding
   */
  @SuppressWarnings("this-escape")
  public ProjectionHead(int in, int out) {
    this.out = out;
    weight =
        addParameter(
            Parameter.builder()
                .setName("weight")
                .setType(Parameter.Type.WEIGHT)
                .optShape(new Shape(out, in))
                .optInitializer(new NormalInitializer((float) (1 / Math.sqrt(in))))
                .build());
  }

  /** {@code features (…, C)} to {@code (…, E)}, not normalised. */
  public NDArray project(ParameterStore parameters, NDArray features, boolean training) {
    NDArray w = parameters.getValue(weight, features.getDevice(), training);
    return Linear.linear(features, w).singletonOrThrow(); // (…, E)
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
    Shape in = inputs[0];
    return new Shape[] {in.slice(0, in.dimension() - 1).add(out)};
  }
}
