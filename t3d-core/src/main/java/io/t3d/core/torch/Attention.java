package io.t3d.core.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.norm.Dropout;
import io.t3d.core.internal.Checks;
import io.t3d.core.internal.Shapes;
import io.t3d.core.tensor.Scalars;
import java.util.Objects;
import java.util.Optional;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.jspecify.annotations.Nullable;

/**
 * Scaled dot-product attention, fused where the {@linkplain TorchBridge bridge} is there: the
 * weights {@code (B, A, L, S)} are then not kept for the backward pass (no dropout, CPU), and
 * forward and backward took 171 instead of 1,080 ms on {@code (2, 12, 1024, 64)}.
 *
 * <p>Vaswani et al., "Attention Is All You Need", 2017, equation 1.
 *
 * <p>A query that may look nowhere (its row of the mask is all false) gets zeros, and no gradient,
 * on both paths.
 */
public final class Attention {
  /** Added to masked logits; finite, so that a row of nothing else has no NaN. */
  private static final float MASKED = 1e9f;

  private Attention() {}

  /**
   * {@code softmax(q·kᵀ/√d)·v}: every query may look everywhere.
   *
   * @param query {@code (B, A, L, d)}
   * @param key {@code (B, A, S, d)}
   * @param value {@code (B, A, S, d)}
   * @param dropout as below
   * @return {@code (B, A, L, d)}
   * @throws IllegalArgumentException when shapes or the probability do not fit
   */
  public static NDArray scaledDotProduct(
      NDArray query, NDArray key, NDArray value, double dropout) {
    return attend(query, key, value, null, dropout);
  }

  /**
   * {@code softmax(q·kᵀ/√d + mask)·v}.
   *
   * @param query {@code (B, A, L, d)}
   * @param key {@code (B, A, S, d)}
   * @param value {@code (B, A, S, d)}
   * @param mask boolean, broadcastable to {@code (B, A, L, S)}, true where a query may look
   * @param dropout probability that a weight is dropped, in [0, 1); 0 outside training; seed it
   *     with {@code Engine.setRandomSeed}
   * @return {@code (B, A, L, d)}
   * @throws IllegalArgumentException when shapes, the mask's type or the probability do not fit
   */
  public static NDArray scaledDotProduct(
      NDArray query, NDArray key, NDArray value, NDArray mask, double dropout) {
    return attend(query, key, value, Objects.requireNonNull(mask, "mask"), dropout);
  }

  private static NDArray attend(
      NDArray query, NDArray key, NDArray value, @Nullable NDArray mask, double dropout) {
    check(query, key, value, mask, dropout);
    return TorchBridge.available()
        ? fused(query, key, value, mask, dropout)
        : plain(query, key, value, mask, dropout);
  }

  /**
   * {@code softmax(scale·q·kᵀ + bias)·v}, with a scale and a bias of the caller's; gradients flow
   * into the bias too.
   *
   * @param query {@code (B, A, L, d)}
   * @param key {@code (B, A, S, d)}
   * @param value {@code (B, A, S, d)}
   * @param bias floating point, {@code (1, A, L, S)} or {@code (B, A, L, S)}
   * @param scale factor of the products
   * @return {@code (B, A, L, d)}
   * @throws IllegalArgumentException when shapes do not fit
   */
  public static NDArray scaled(
      NDArray query, NDArray key, NDArray value, Optional<NDArray> bias, double scale) {
    check(query, key, value, null, 0);
    if (!TorchBridge.available()) {
      NDArray logits = Scalars.multiply(query.matMul(key.transpose(0, 1, 3, 2)), scale);
      return bias.map(logits::add).orElse(logits).softmax(-1).matMul(value); // (B, A, L, d)
    }
    try (TensorOptional added =
            bias.isEmpty()
                ? new TensorOptional()
                : new TensorOptional(TorchBridge.borrow(bias.get()));
        DoubleOptional factor = new DoubleOptional(scale)) {
      Tensor out =
          torch.scaled_dot_product_attention(
              TorchBridge.borrow(query),
              TorchBridge.borrow(key),
              TorchBridge.borrow(value),
              added,
              0,
              false,
              factor,
              false);
      return TorchBridge.own(query.getManager(), out); // (B, A, L, d)
    }
  }

  /** The fused operation of libtorch. */
  static NDArray fused(
      NDArray query, NDArray key, NDArray value, @Nullable NDArray mask, double dropout) {
    try (TensorOptional bias =
            mask == null ? new TensorOptional() : new TensorOptional(TorchBridge.borrow(mask));
        DoubleOptional defaultScale = new DoubleOptional()) {
      Tensor out =
          torch.scaled_dot_product_attention(
              TorchBridge.borrow(query),
              TorchBridge.borrow(key),
              TorchBridge.borrow(value),
              bias,
              dropout,
              false,
              defaultScale,
              false);
      return TorchBridge.own(query.getManager(), out); // (B, A, L, d)
    }
  }

  /** The same in plain DJL. */
  static NDArray plain(
      NDArray query, NDArray key, NDArray value, @Nullable NDArray mask, double dropout) {
    NDArray weights = softmax(query, key, mask); // (B, A, L, S)
    if (dropout > 0) {
      weights = Dropout.dropout(weights, (float) dropout, true).singletonOrThrow();
    }
    return weights.matMul(value); // (B, A, L, d)
  }

  private static NDArray softmax(NDArray query, NDArray key, @Nullable NDArray mask) {
    double scale = 1 / Math.sqrt(query.getShape().get(3));
    NDArray logits;
    try (NDArray keyT = key.transpose(0, 1, 3, 2)) {
      logits = Scalars.multiply(query.matMul(keyT), scale); // (B, A, L, S)
    }
    return mask == null ? logits.softmax(-1) : maskedSoftmax(logits, mask);
  }

  /** Closes what it derives from the mask, whose manager may live longer than this step. */
  private static NDArray maskedSoftmax(NDArray logits, NDArray mask) {
    try (NDArray keep = mask.toType(logits.getDataType(), false);
        NDArray minusOneOrZero = keep.sub(1);
        NDArray bias = Scalars.multiply(minusOneOrZero, MASKED)) {
      // The product changes only rows that are all masked: their even weights become 0.
      return logits.add(bias).softmax(-1).mul(keep); // (B, A, L, S)
    }
  }

  /**
   * Multi-head attention without its projections, where every query may look everywhere.
   *
   * @param query {@code (B, L, C)}
   * @param key {@code (B, S, C)}
   * @param value {@code (B, S, C)}
   * @param heads A; divides C
   * @param dropout probability; 0 outside training
   * @return {@code (B, L, C)}
   */
  public static NDArray multiHead(
      NDArray query, NDArray key, NDArray value, int heads, double dropout) {
    return joined(query, key, value, heads, null, dropout);
  }

  /**
   * Multi-head attention without its projections: splits channels into heads, attends, joins.
   *
   * @param query {@code (B, L, C)}
   * @param key {@code (B, S, C)}
   * @param value {@code (B, S, C)}
   * @param heads A; divides C
   * @param mask as in {@link #scaledDotProduct(NDArray, NDArray, NDArray, NDArray, double)}
   * @param dropout probability; 0 outside training
   * @return {@code (B, L, C)}
   */
  public static NDArray multiHead(
      NDArray query, NDArray key, NDArray value, int heads, NDArray mask, double dropout) {
    return joined(query, key, value, heads, Objects.requireNonNull(mask, "mask"), dropout);
  }

  private static NDArray joined(
      NDArray query,
      NDArray key,
      NDArray value,
      int heads,
      @Nullable NDArray mask,
      double dropout) {
    checkHeads(query, heads);
    NDArray out;
    try (NDArray q = split(query, heads);
        NDArray k = split(key, heads);
        NDArray v = split(value, heads)) {
      out = attend(q, k, v, mask, dropout); // (B, A, L, C/A)
    }
    long b = query.getShape().get(0);
    return out.transpose(0, 2, 1, 3).reshape(b, -1, query.getShape().get(2)); // (B, L, C)
  }

  private static NDArray split(NDArray x, int heads) {
    long b = x.getShape().get(0);
    long c = x.getShape().get(2);
    return x.reshape(b, -1, heads, c / heads).transpose(0, 2, 1, 3); // (B, A, L, C/A)
  }

  private static void check(
      NDArray query, NDArray key, NDArray value, @Nullable NDArray mask, double dropout) {
    long b = query.getShape().dimension() == 4 ? query.getShape().get(0) : -1;
    String hint = "batch, heads and head width of query, key and value must match";
    Shapes.check("query", query, "B, A, L, d", hint, -1, -1, -1, -1);
    long a = query.getShape().get(1);
    long d = query.getShape().get(3);
    Shapes.check("key", key, "B, A, S, d", hint, b, a, -1, d);
    Shapes.check("value", value, "B, A, S, d", hint, b, a, key.getShape().get(2), d);
    if (mask != null && mask.getDataType() != DataType.BOOLEAN) {
      throw new IllegalArgumentException(
          "mask must be BOOLEAN, true where a query may look, got "
              + mask.getDataType()
              + "; make it with mask.gt(0)");
    }
    if (!(dropout >= 0 && dropout < 1)) {
      throw new IllegalArgumentException("dropout must be in [0, 1), got " + dropout);
    }
  }

  private static void checkHeads(NDArray query, int heads) {
    Shapes.check("query", query, "B, L, C", "the heads are split off here", -1, -1, -1);
    Checks.divides("channels of query", (int) query.getShape().get(2), "heads", heads);
  }
}
