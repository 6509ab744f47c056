package io.t3d.losses.kernel.internal;

import ai.djl.ndarray.NDArray;
import io.t3d.core.torch.TorchBridge;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * The cross-entropy of finding each row's partner, in both directions, without an array of DJL for
 * each operation: at 64 pairs the loss is half a millisecond of calls. All is under autograd.
 *
 * <pre>{@code
 * s(i, j) = exp(logScale) · a(i)·b(j) + bias(i, j)
 * L = - 1/2B Σ(i) [ log softmax(j) s(i, j) + log softmax(j) s(j, i) ]  at j = i
 * }</pre>
 */
public final class PairAlignment {
  private PairAlignment() {}

  /**
   * Computes the loss. Needs the {@linkplain TorchBridge bridge}.
   *
   * @param a {@code (B, E)}, float32
   * @param b {@code (B, E)}, float32; row i belongs to row i of {@code a}
   * @param logScale one number, float32; {@code exp()} is taken here
   * @param bias {@code (B, B)}, added to the logits; empty for none
   * @return scalar, float32, owned by the manager of {@code a}; differentiable in all
   */
  public static NDArray loss(NDArray a, NDArray b, NDArray logScale, Optional<NDArray> bias) {
    try (PointerScope temporaries = new PointerScope()) {
      Tensor scale = TorchBridge.borrow(logScale).reshape(1).exp(); // (1)
      Tensor cosines = TorchBridge.borrow(a).matmul(TorchBridge.borrow(b).t()); // (B, B)
      // Inside autocast the product is bfloat16, too coarse for a softmax.
      Tensor exact = cosines.to(ScalarType.Float);
      Tensor logits = exact.mul(scale); // (B, B)
      if (bias.isPresent()) {
        logits = logits.add(TorchBridge.borrow(bias.get()));
      }
      Tensor both = logits.log_softmax(1).add(logits.log_softmax(0)); // (B, B)
      Scalar share = new Scalar(-0.5 / a.getShape().get(0));
      return TorchBridge.own(a.getManager(), both.diagonal().sum().mul(share));
    }
  }
}
