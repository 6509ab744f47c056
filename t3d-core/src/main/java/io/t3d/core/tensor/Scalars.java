package io.t3d.core.tensor;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;

/**
 * Products, quotients and bounds with a number that are safe inside a gradient scope.
 *
 * <p>DJL 0.36 wraps the number of {@code array.mul(3)} around a Java buffer and lets go of it at
 * once, while libtorch keeps the address for the backward pass. When the garbage collector runs in
 * between, the gradient is multiplied by whatever lies there then: silently wrong. Sums and
 * differences do not keep their operand and are safe. Here libtorch owns the number.
 *
 * <p>The number is float32 in a scalar array, so the array's dtype stays as it is; DJL's own form
 * turns a float32 scalar into float64 when it meets a double.
 */
public final class Scalars {
  private Scalars() {}

  /** {@code array · factor}. */
  public static NDArray multiply(NDArray array, double factor) {
    try (NDArray number = of(array, factor)) {
      return array.mul(number);
    }
  }

  /** {@code array / divisor}. */
  public static NDArray divide(NDArray array, double divisor) {
    try (NDArray number = of(array, divisor)) {
      return array.div(number);
    }
  }

  /** The larger of each element and the number. */
  public static NDArray atLeast(NDArray array, double floor) {
    try (NDArray number = of(array, floor)) {
      return array.maximum(number);
    }
  }

  private static NDArray of(NDArray like, double value) {
    NDArray number = like.getManager().full(new Shape(), (float) value, DataType.FLOAT32);
    NDArray placed = number.toDevice(like.getDevice(), false);
    if (placed != number) {
      number.close();
    }
    return placed;
  }
}
