package io.t3d.losses.internal;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.internal.Shapes;
import io.t3d.core.tensor.Scalars;
import java.util.Collection;

/**
 * Arrays beside those of a batch: on its device, owned by its manager.
 *
 * <p>Where a gradient flows, products with numbers go through {@link Scalars}.
 */
public final class BatchArrays {
  private BatchArrays() {}

  /**
   * The same values under the manager of {@code batchArray}, with the gradient kept. DJL attaches
   * an operation's result to the manager of its first operand: a chain that starts at a parameter
   * would pile up its intermediates in the model's manager.
   */
  public static NDArray borrow(NDArray batchArray, NDArray parameter) {
    return ones(batchArray, new Shape(1)).mul(parameter);
  }

  public static NDArray ones(NDArray batchArray, Shape shape) {
    NDManager manager = batchArray.getManager();
    return manager.ones(shape, DataType.FLOAT32, batchArray.getDevice());
  }

  public static NDArray of(NDArray batchArray, float[] values, long... shape) {
    // A copy: DJL's array would borrow a Java buffer, which autograd does not keep alive.
    try (NDArray host = batchArray.getManager().create(values, new Shape(shape))) {
      return host.duplicate().toDevice(batchArray.getDevice(), false);
    }
  }

  public static NDArray of(NDArray batchArray, long[] values) {
    try (NDArray host = batchArray.getManager().create(values)) {
      return host.duplicate().toDevice(batchArray.getDevice(), false);
    }
  }

  /** {@code 0, 1, …, size - 1} in float32. */
  public static NDArray range(NDArray batchArray, int size) {
    NDManager manager = batchArray.getManager();
    return manager.arange(0, size, 1, DataType.FLOAT32, batchArray.getDevice());
  }

  /** The sum of one or more arrays; DJL's own refuses one alone. */
  public static NDArray sum(Collection<NDArray> arrays) {
    return arrays.stream().reduce(NDArray::add).orElseThrow();
  }

  /** The mean of one or more scalars. */
  public static NDArray mean(Collection<NDArray> scalars) {
    return Scalars.divide(sum(scalars), scalars.size());
  }

  /** Requires two float32 arrays of one shape {@code (B, F)}. */
  public static void requireSameRows(
      String firstName, NDArray first, String secondName, NDArray second) {
    Shapes.check(firstName, first, "B, F", "give one row per volume", -1, -1);
    Shapes.check(
        secondName,
        second,
        "B, F",
        "it must be as large as " + firstName,
        first.getShape().get(0),
        first.getShape().get(1));
    requireFloat32(firstName, first);
    requireFloat32(secondName, second);
  }

  /** Requires float32: half precision would lose the small differences that a loss is made of. */
  public static void requireFloat32(String name, NDArray array) {
    if (array.getDataType() != DataType.FLOAT32) {
      throw new IllegalArgumentException(
          name
              + " must be float32, got "
              + array.getDataType()
              + "; compute losses outside autocast and cast the model's output to float32");
    }
  }
}
