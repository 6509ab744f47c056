package io.t3d.core.tensor;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.function.BinaryOperator;

/**
 * Arithmetic with Java numbers that is safe inside a gradient scope and waits for no GPU.
 *
 * <p>DJL 0.36 wraps the number of {@code array.mul(3)} around a Java buffer and lets go of it at
 * once, while libtorch keeps the address for the backward pass. When the garbage collector runs in
 * between, the gradient is multiplied by whatever lies there then: silently wrong. Sums and
 * differences do not keep their operand and are safe. Here libtorch owns the number.
 *
 * <p>On a GPU DJL copies a number there for each of them, {@code add(1)} too, and waits until all
 * that was asked of the GPU before is done.
 *
 * <p>The number is float32 in a scalar array, so the array's dtype stays as it is; DJL's own form
 * turns a float32 scalar into float64 when it meets a double.
 */
public final class Scalars {
  private Scalars() {}

  /** {@code array · factor}. */
  public static NDArray multiply(NDArray array, double factor) {
    return with(array, factor, NDArray::mul);
  }

  /** {@code array / divisor}. */
  public static NDArray divide(NDArray array, double divisor) {
    return with(array, divisor, NDArray::div);
  }

  /** {@code array + summand}. */
  public static NDArray add(NDArray array, double summand) {
    return with(array, summand, NDArray::add);
  }

  /** The larger of each element and the number. */
  public static NDArray atLeast(NDArray array, double floor) {
    return with(array, floor, NDArray::maximum);
  }

  /**
   * The number is on the CPU whatever the array's device: libtorch takes a scalar from there into
   * the kernel, where one on a GPU would be a kernel of its own that writes it.
   */
  private static NDArray with(NDArray array, double value, BinaryOperator<NDArray> operation) {
    NDManager manager = array.getManager();
    if (!manager.getDevice().isGpu()) {
      return with(manager, array, value, operation);
    }
    try (NDManager host = manager.newSubManager(Device.cpu())) {
      return with(host, array, value, operation);
    }
  }

  private static NDArray with(
      NDManager owner, NDArray array, double value, BinaryOperator<NDArray> operation) {
    try (NDArray number = owner.full(new Shape(), (float) value, DataType.FLOAT32)) {
      return operation.apply(array, number);
    }
  }
}
