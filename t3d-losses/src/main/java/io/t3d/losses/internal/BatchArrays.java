package io.t3d.losses.internal;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.internal.Shapes;
import io.t3d.core.tensor.Scalars;
import io.t3d.core.torch.internal.Uploads;
import java.util.Collection;
import java.util.List;
import java.util.stream.IntStream;

/**
 * Arrays beside those of a batch: on its device, owned by its manager.
 *
 * <p>Where a gradient flows, products with numbers go through {@link Scalars}.
 */
public final class BatchArrays {
  private BatchArrays() {}

  /**
   * The same values under the manager of {@code batchArray}, with the gradient kept, no scalar but
   * {@code (1)}. DJL attaches an operation's result to the manager of its first operand: a chain
   * that starts at a parameter would pile up its intermediates in the model's manager.
   */
  public static NDArray borrow(NDArray batchArray, NDArray parameter) {
    Shape shape = parameter.getShape();
    NDArray view = parameter.reshape(shape.dimension() == 0 ? new Shape(1) : shape);
    view.attach(batchArray.getManager());
    return view;
  }

  public static NDArray ones(NDArray batchArray, Shape shape) {
    NDManager manager = batchArray.getManager();
    return manager.ones(shape, DataType.FLOAT32, batchArray.getDevice());
  }

  /** {@code ()}, float32: a number that the device writes itself. */
  public static NDArray full(NDArray batchArray, float value) {
    NDManager manager = batchArray.getManager();
    return manager.full(new Shape(), value, DataType.FLOAT32, batchArray.getDevice());
  }

  public static NDArray of(NDArray batchArray, float[] values, long... shape) {
    return of(batchArray, new Shape(shape), List.of(values));
  }

  private static NDArray of(NDArray batchArray, Shape shape, List<float[]> parts) {
    return Uploads.floats(batchArray.getManager(), batchArray.getDevice(), shape, parts);
  }

  public static NDArray of(NDArray batchArray, long[] values) {
    return Uploads.longs(
        batchArray.getManager(), batchArray.getDevice(), new Shape(values.length), values);
  }

  /**
   * Several tables of one shape {@code (rows, columns)} on the batch's device, in one copy.
   *
   * @param tables each row by row
   */
  public static List<NDArray> tables(
      NDArray batchArray, long rows, long columns, float[]... tables) {
    NDArray joined = of(batchArray, new Shape(tables.length, rows, columns), List.of(tables));
    return IntStream.range(0, tables.length).mapToObj(joined::get).toList(); // views
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
