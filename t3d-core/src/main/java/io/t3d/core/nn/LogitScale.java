package io.t3d.core.nn;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;
import io.t3d.core.internal.Checks;
import io.t3d.core.internal.Scopes;
import io.t3d.core.tensor.Scalars;

/**
 * The learned log inverse temperature of a contrastive loss; apply {@code exp()} before use.
 * (Radford et al. 2021, section 2.5)
 */
public final class LogitScale extends TypedBlock {
  /** Upper bound of the log: logits are scaled by at most 100. */
  public static final float MAX = (float) Math.log(100);

  private final Parameter value;

  /**
   * Builds the scalar.
   *
   * @param temperature where it starts; 0.07 in CLIP; stored as {@code log(1 / temperature)}
   */
  @SuppressWarnings("this-escape")
  public LogitScale(double temperature) {
    Checks.positive("temperature", temperature);
    float start = (float) -Math.log(temperature);
    value =
        addParameter(
            Parameter.builder()
                .setName("value")
                .setType(Parameter.Type.OTHER)
                .optShape(new Shape())
                .optInitializer((manager, shape, type) -> manager.full(shape, start, type))
                .build());
  }

  /**
   * The value, at most {@link #MAX}. Beyond the bound the gradient passes as if there were none, so
   * that the scalar can come back: a plain minimum would leave it stuck there.
   *
   * @param manager owns the result
   * @return scalar, float32
   */
  public NDArray value(ParameterStore parameters, NDManager manager, boolean training) {
    NDArray stored =
        Scopes.handle(parameters.getValue(value, manager.getDevice(), training), manager);
    NDArray excess = Scalars.atLeast(Scalars.add(stored.stopGradient(), -MAX), 0);
    return stored.sub(excess);
  }

  @Override
  protected NDArray compute(ParameterStore parameters, NDList inputs, boolean training) {
    return value(parameters, inputs.getManager(), training);
  }

  @Override
  protected Shape outputShape(Shape... inputs) {
    return new Shape();
  }

  @Override
  public void initialize(NDManager manager, DataType dataType, Shape... inputShapes) {
    super.initialize(manager, DataType.FLOAT32, inputShapes);
  }
}
