package io.t3d.core.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Casts to and from bfloat16 that keep gradients.
 *
 * <p>DJL 0.36 cannot: its {@code toType(DataType.BFLOAT16)} ends the JVM, it reports {@code
 * UNKNOWN} as the type of a bfloat16 array, and its {@code toType} of such an array drops the
 * gradient. DJL cannot read the values of a bfloat16 array either: cast to float32 first.
 *
 * <p>Each cast returns a new array, owned by the manager of its operand. When the operand has the
 * type already, the new array shares its memory.
 */
public final class Casts {
  private Casts() {}

  /**
   * Casts to bfloat16: the exponent of float32, 8 bits of precision.
   *
   * @param x floating point, any shape
   * @throws io.t3d.core.T3dException without the {@linkplain TorchBridge bridge}
   */
  public static NDArray toBfloat16(NDArray x) {
    TorchBridge.require("A cast to bfloat16");
    return to(x, ScalarType.BFloat16);
  }

  /**
   * Casts to float32.
   *
   * @param x any type and shape
   */
  public static NDArray toFloat32(NDArray x) {
    if (TorchBridge.available()) {
      return to(x, ScalarType.Float);
    }
    return x.getDataType() == DataType.FLOAT32
        ? x.reshape(x.getShape()) // a second handle, so that closing it leaves x alone
        : x.toType(DataType.FLOAT32, false);
  }

  /** Whether the array holds bfloat16; without the bridge there are no such arrays. */
  public static boolean isBfloat16(NDArray x) {
    // intern(): JavaCPP returns a fresh enum object.
    return TorchBridge.available()
        && TorchBridge.borrow(x).scalar_type().intern() == ScalarType.BFloat16;
  }

  private static NDArray to(NDArray x, ScalarType type) {
    return TorchBridge.own(x.getManager(), TorchBridge.borrow(x).to(type));
  }
}
