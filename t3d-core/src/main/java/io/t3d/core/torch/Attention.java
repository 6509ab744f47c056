package io.t3d.core.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.norm.Dropout;

/** Scaled dot-product attention, fused where the bridge is there. (Vaswani et al. 2017, eq. 1) */
public final class Attention {
  private Attention() {}

  /**
   * {@code softmax(q·kᵀ/√d + mask)·v}.
   *
   * @param query {@code (B, A, L, d)}
   * @param key {@code (B, A, S, d)}
   * @param value {@code (B, A, S, d)}
   * @param mask boolean, broadcastable to {@code (B, A, L, S)}, true where a query may look; null
   *     for none
   * @param dropout probability; 0 outside training
   * @return {@code (B, A, L, d)}
   */
  public static NDArray scaledDotProduct(
      NDArray query, NDArray key, NDArray value, NDArray mask, double dropout) {
    double scale = 1 / Math.sqrt(query.getShape().get(3));
    NDArray logits = query.matMul(key.transpose(0, 1, 3, 2)).mul(scale); // (B, A, L, S)
    if (mask != null) {
      NDArray bias = mask.toType(DataType.FLOAT32, false).sub(1).mul(1e9f);
      logits = logits.add(bias);
    }
    NDArray weights = logits.softmax(-1);
    if (dropout > 0) {
      weights = Dropout.dropout(weights, (float) dropout, true).singletonOrThrow();
    }
    return weights.matMul(value); // (B, A, L, d)
  }

  /**
   * Multi-head attention without its projections: splits channels into heads, attends, joins.
   *
   * @param query {@code (B, L, C)}
   * @param key {@code (B, S, C)}
   * @param value {@code (B, S, C)}
   * @param heads A; divides C
   * @param mask as in {@link #scaledDotProduct}, or null
   * @param dropout probability; 0 outside training
   * @return {@code (B, L, C)}
   */
  public static NDArray multiHead(
      NDArray query, NDArray key, NDArray value, int heads, NDArray mask, double dropout) {
    NDArray out =
        scaledDotProduct(
            split(query, heads), split(key, heads), split(value, heads), mask, dropout);
    long b = query.getShape().get(0);
    return out.transpose(0, 2, 1, 3).reshape(b, -1, query.getShape().get(2)); // (B, L, C)
  }

  private static NDArray split(NDArray x, int heads) {
    long b = x.getShape().get(0);
    long c = x.getShape().get(2);
    return x.reshape(b, -1, heads, c / heads).transpose(0, 2, 1, 3); // (B, A, L, C/A)
  }
}
