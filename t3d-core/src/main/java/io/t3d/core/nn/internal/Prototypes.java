package io.t3d.core.nn.internal;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import io.t3d.core.internal.Checks;
import io.t3d.core.internal.Scopes;
import io.t3d.core.nn.TypedBlock;

/** K learned cluster centres on the unit sphere. (Caron et al. 2020, section 3.1) */
public final class Prototypes extends TypedBlock {
  private final Shape shape;
  private final Parameter weight;

  /**
   * Builds the centres; they start evenly spread over the sphere (normal, then normalised).
   *
   * @param count K
   * @param dim E
   */
  @SuppressWarnings("this-escape")
  public Prototypes(int count, int dim) {
    Checks.positive("count", count);
    Checks.positive("dim", dim);
    shape = new Shape(count, dim);
    weight =
        addParameter(
            Parameter.builder()
                .setName("weight")
                .setType(Parameter.Type.WEIGHT)
                .optShape(shape)
                .optInitializer(Prototypes::onTheSphere)
                .build());
  }

  private static NDArray onTheSphere(NDManager manager, Shape shape, DataType dataType) {
    try (NDManager scope = manager.newSubManager()) {
      NDArray rows = scope.randomNormal(0, 1, shape, dataType).normalize(2, 1);
      rows.attach(manager);
      return rows;
    }
  }

  /**
   * The centres, normalised at use, so that the optimizer may move them freely.
   *
   * @param manager owns the result
   * @return {@code (K, E)}, L2-normalised rows
   */
  public NDArray rows(ParameterStore parameters, NDManager manager, boolean training) {
    NDArray stored = parameters.getValue(weight, manager.getDevice(), training);
    return Scopes.handle(stored, manager).normalize(2, 1); // (K, E)
  }

  @Override
  protected NDArray compute(ParameterStore parameters, NDList inputs, boolean training) {
    return rows(parameters, inputs.getManager(), training);
  }

  @Override
  protected Shape outputShape(Shape... inputs) {
    return shape;
  }
}
