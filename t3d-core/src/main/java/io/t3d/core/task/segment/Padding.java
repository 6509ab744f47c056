package io.t3d.core.task.segment;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.config.Size3;

/** Brings views to a size that a network takes, and its output back. */
final class Padding {
  private Padding() {}

  /** Appends zeros to D, H and W up to a multiple. */
  static NDArray up(NDArray x, Size3 multiple) {
    int[] m = {multiple.depth(), multiple.height(), multiple.width()};
    NDArray out = x;
    for (int a = 0; a < 3; a++) {
      int axis = a + 2;
      long missing = Math.floorMod(-out.getShape().get(axis), (long) m[a]);
      if (missing > 0) {
        long[] shape = out.getShape().getShape().clone();
        shape[axis] = missing;
        NDArray zeros = out.getManager().zeros(new Shape(shape), out.getDataType());
        out = NDArrays.concat(new NDList(out, zeros), axis);
      }
    }
    return out;
  }

  /** Takes the first D, H and W of a map. */
  static NDArray cut(NDArray map, Shape size) {
    if (map.getShape().slice(2).equals(size.slice(2))) {
      return map;
    }
    return map.get(
        new NDIndex()
            .addAllDim()
            .addAllDim()
            .addSliceDim(0, size.get(2))
            .addSliceDim(0, size.get(3))
            .addSliceDim(0, size.get(4)));
  }
}
