package io.t3d.core.nn.internal;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.internal.Shapes;

/** The check that both encoders make of their input. */
public final class ViewShapes {
  private ViewShapes() {}

  public static void check(NDArray views) {
    check(views.getShape());
  }

  public static void check(Shape s) {
    boolean fits = s.dimension() == 5 && s.get(1) == 1;
    for (int axis = 0; fits && axis < 5; axis++) {
      fits = s.get(axis) > 0;
    }
    if (!fits) {
      throw new IllegalArgumentException(
          "views must be (B, 1, D, H, W) with all sizes > 0, got "
              + Shapes.format(s)
              + "; an encoder takes one channel: NDArray.expandDims(1) adds the axis to (B, D, H, W)");
    }
  }
}
