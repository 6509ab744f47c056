package io.t3d.core.torch;

import ai.djl.ndarray.NDArray;
import io.t3d.core.tensor.Scalars;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/** Linear interpolation in place: one pass over memory where separate operations take three. */
public final class Lerp {
  private Lerp() {}

  /**
   * Moves an array part of the way to another: {@code x ← x + fraction · (target − x)}. An element
   * that is equal in both stays bit for bit. Call it within {@link NoGrad}.
   *
   * @param x changed; floating point, wants no gradient
   * @param target read; of x's shape and type
   * @param fraction 0 leaves x, 1 makes it the target
   * @throws IllegalArgumentException when shapes or types differ
   */
  public static void towards(NDArray x, NDArray target, double fraction) {
    if (!x.getShape().equals(target.getShape()) || x.getDataType() != target.getDataType()) {
      throw new IllegalArgumentException(
          String.format(
              "target must be %s %s as x is, got %s %s",
              x.getDataType(), x.getShape(), target.getDataType(), target.getShape()));
    }
    if (TorchBridge.available()) {
      Tensor own = TorchBridge.borrow(x);
      try (Scalar weight = new Scalar(fraction);
          Tensor same = own.lerp_(TorchBridge.borrow(target), weight)) {
        return;
      }
    }
    try (NDArray way = target.sub(x);
        NDArray part = Scalars.multiply(way, fraction)) {
      x.addi(part);
    }
  }
}
