package io.t3d.losses.djl;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import io.t3d.core.internal.Shapes;
import java.util.List;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/** Reads what DJL calls labels. */
final class DjlLabels {
  private DjlLabels() {}

  /** One id per pair: those of the label at a position, or all different where there is none. */
  static List<String> patients(NDList labels, int position, int pairs) {
    if (labels.size() <= position) {
      return IntStream.range(0, pairs).mapToObj(Integer::toString).toList();
    }
    long[] ids = whole("label " + position + " (patients)", labels.get(position), pairs);
    return LongStream.of(ids).mapToObj(Long::toString).toList();
  }

  /** The numbers of an int64 array of one axis. */
  static long[] whole(String name, NDArray array, long size) {
    Shapes.check(name, array, "B", "one number each", size);
    if (array.getDataType() != DataType.INT64) {
      throw new IllegalArgumentException(
          name + " must be int64, got " + array.getDataType() + "; create it from a long[]");
    }
    return array.toLongArray();
  }

  /** Requires enough outputs of the block. */
  static void requirePredictions(NDList predictions, boolean fits, String expected) {
    if (!fits) {
      throw new IllegalArgumentException(
          "The block must give " + expected + ", got " + predictions.size() + " arrays");
    }
  }
}
