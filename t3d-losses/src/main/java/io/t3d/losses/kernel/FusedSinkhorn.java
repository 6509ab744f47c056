package io.t3d.losses.kernel;

import ai.djl.ndarray.NDArray;
import io.t3d.core.torch.TorchBridge;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.T_TensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Scales the columns, then the rows of {@code exp(similarities / epsilon)} by turns, without
 * touching the matrix in between.
 *
 * <pre>{@code
 * P = exp((similarities - middle) / epsilon);  result = diag(u) · P · diag(v)
 * }</pre>
 *
 * <p>One exponential in all, and one pass over P per iteration; the log-domain form takes an
 * exponential for each scaling.
 *
 * <p>Cuturi 2013, "Sinkhorn Distances", algorithm 1. Differs: the exponent is centred between the
 * smallest and the largest similarity, which doubles the range that float32 can hold.
 */
record FusedSinkhorn(double epsilon, int iterations, Sinkhorn logDomain) implements Sinkhorn {
  /**
   * The largest spread of {@code similarities / epsilon} that is taken. An entry of P with its
   * column scaled to sum 1 is at least e^-spread / N, so a row's scale is at most e^64 · N; float32
   * ends at e^88.
   */
  static final double MAX_SPREAD = 64;

  FusedSinkhorn {
    TorchBridge.require("Sinkhorn.fused");
  }

  FusedSinkhorn(double epsilon, int iterations) {
    this(epsilon, iterations, new PlainSinkhorn(epsilon, iterations));
  }

  @Override
  public NDArray assign(NDArray similarities) {
    PlainSinkhorn.check(similarities);
    return balance(similarities).orElseGet(() -> logDomain.assign(similarities));
  }

  /** Empty when the spread is too large or a similarity is not finite. */
  private Optional<NDArray> balance(NDArray similarities) {
    try (PointerScope temporaries = new PointerScope();
        NoGradGuard constant = new NoGradGuard()) {
      Tensor x = TorchBridge.borrow(similarities).contiguous();
      T_TensorTensor_T bounds = torch.aminmax(x);
      double low = bounds.get0().item_float();
      double high = bounds.get1().item_float();
      // NaN fails this comparison, an infinity gives an infinite spread.
      if (!((high - low) / epsilon <= MAX_SPREAD)) {
        return Optional.empty();
      }
      Tensor p = torch.empty_like(x);
      Tensor shift = x.new_full(new long[0], new Scalar(-(high + low) / 2 / epsilon));
      Scalar factor = new Scalar(1 / epsilon);
      BlockBalance balance = new BlockBalance(p);
      balance.fill(
          0,
          x.size(0),
          (block, from) -> {
            // One pass for the product and the sum.
            torch.add_out(block, shift, x.narrow(0, from, block.size(0)), factor);
            block.exp_();
          });
      balance.balance(iterations);
      return Optional.of(TorchBridge.own(similarities.getManager(), p));
    }
  }
}
