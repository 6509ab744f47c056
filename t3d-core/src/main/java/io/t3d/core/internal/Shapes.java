package io.t3d.core.internal;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.google.common.base.Splitter;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.LongStream;

/**
 * Checks of array shapes and dtypes with messages that name the array, its axes and the likely fix.
 */
public final class Shapes {
  private static final Splitter COMMA = Splitter.on(',').trimResults();

  private Shapes() {}

  /**
   * Checks the shape of an array against a legend of axes.
   *
   * <pre>{@code
   * Shapes.check("imageEmbeddings", image, "B, E", "project both to T3DConfig.embedDim", batch, -1);
   * }</pre>
   *
   * @param name what the caller calls the array
   * @param array the array
   * @param axes the axes' letters, separated by commas, e.g. {@code "B, C, D, H, W"}
   * @param hint the likely fix, ends the message
   * @param expected the sizes; -1 lets an axis be any size
   * @return the array, for chaining
   * @throws IllegalArgumentException when rank or a size differs
   */
  public static NDArray check(
      String name, NDArray array, String axes, String hint, long... expected) {
    requireOpen(name, array);
    long[] got = array.getShape().getShape();
    boolean same = got.length == expected.length;
    for (int i = 0; same && i < got.length; i++) {
      same = expected[i] < 0 || expected[i] == got[i];
    }
    if (!same) {
      List<String> letters = COMMA.splitToList(axes);
      String wanted =
          LongStream.range(0, expected.length)
              .mapToObj(i -> expected[(int) i] < 0 ? letters.get((int) i) : "" + expected[(int) i])
              .collect(Collectors.joining(", ", "(", ")"));
      throw new IllegalArgumentException(
          name
              + " must be ("
              + axes
              + ")"
              + (wanted.equals("(" + axes + ")") ? "" : " = " + wanted)
              + ", got "
              + format(array.getShape())
              + "; "
              + hint);
    }
    return array;
  }

  /**
   * Checks an array of volumes or views.
   *
   * @param name what the caller calls the array
   * @param array must be {@code (B, 1, D, H, W)}, float32
   * @return the array, for chaining
   * @throws IllegalArgumentException when the shape or dtype differs
   */
  public static NDArray checkVolumes(String name, NDArray array) {
    String hint = "NDArray.expandDims adds a missing batch or channel axis";
    Shape s = requireOpen(name, array).getShape();
    if (s.dimension() == 5 && s.get(1) != 1) {
      throw new IllegalArgumentException(
          name
              + " must be (B, 1, D, H, W), one channel, got "
              + format(s)
              + ", "
              + s.get(1)
              + " channels; CT has one: take it with "
              + name
              + ".get(\":, 0:1\")");
    }
    return requireFloat32(name, check(name, array, "B, 1, D, H, W", hint, -1, 1, -1, -1, -1));
  }

  private static NDArray requireOpen(String name, NDArray array) {
    if (array.isReleased()) {
      throw new IllegalStateException(
          name
              + " must be an open array, got a closed one; an array is closed with its manager, at"
              + " the end of its try block");
    }
    return array;
  }

  /**
   * Checks the dtype of an array.
   *
   * @param name what the caller calls the array
   * @return the array, for chaining
   * @throws IllegalArgumentException when it is not float32
   */
  public static NDArray requireFloat32(String name, NDArray array) {
    if (array.getDataType() != DataType.FLOAT32) {
      throw new IllegalArgumentException(
          name + " must be float32, got " + array.getDataType() + "; cast with NDArray.toType");
    }
    return array;
  }

  /** Writes a shape as {@code (8, 512)}. */
  public static String format(Shape shape) {
    return LongStream.of(shape.getShape())
        .mapToObj(Long::toString)
        .collect(Collectors.joining(", ", "(", ")"));
  }
}
