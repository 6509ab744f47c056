package io.t3d.losses.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.t3d.core.config.Checks;
import io.t3d.core.tensor.Shapes;
import io.t3d.core.torch.TorchBridge;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.T_TensorTensor_T;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Scales the columns, then the rows of {@code exp(logits / divisor)} by turns, as the
 * Sinkhorn–Knopp algorithm does, without touching the matrix in between.
 *
 * <pre>{@code
 * P = exp((logits - middle) / divisor);  result = diag(u) · P · diag(v)
 * }</pre>
 *
 * <p>One exponential in all, and one pass over P per iteration; the log-domain form takes an
 * exponential for each scaling.
 *
 * <p>Cuturi 2013, "Sinkhorn Distances", algorithm 1. Differs: the exponent is centred between the
 * smallest and the largest logit, which doubles the range that float32 can hold.
 */
public final class MatrixBalance {
  /**
   * The largest spread of {@code logits / divisor} that is taken. An entry of P with its column
   * scaled to sum 1 is at least e^-spread / N, so a row's scale is at most e^64 · N; float32 ends
   * at e^88.
   */
  static final double MAX_SPREAD = 64;

  private MatrixBalance() {}

  /**
   * Balances, when the {@linkplain TorchBridge bridge} is there and the logits' spread allows it.
   *
   * @param logits {@code (N, K)}, float32
   * @param divisor of the logits; &gt; 0
   * @param iterations how often columns, then rows are scaled; &gt; 0
   * @return {@code (N, K)}, float32, rows sum to 1, without gradient, owned by the manager of
   *     logits; empty when the spread is too large, a logit is not finite, or the bridge is not
   *     there: then take the log domain
   */
  public static Optional<NDArray> tryBalance(NDArray logits, double divisor, int iterations) {
    Shapes.check("logits", logits, "N, K", "one row per sample", -1, -1);
    Checks.positive("divisor", divisor);
    Checks.positive("iterations", iterations);
    if (!TorchBridge.available()) {
      return Optional.empty();
    }
    NDManager manager = logits.getManager();
    try (PointerScope temporaries = new PointerScope();
        NoGradGuard constant = new NoGradGuard()) {
      Tensor x = TorchBridge.borrow(logits).contiguous();
      T_TensorTensor_T bounds = torch.aminmax(x);
      double low = bounds.get0().item_float();
      double high = bounds.get1().item_float();
      // NaN fails this comparison, an infinity gives an infinite spread.
      if (!((high - low) / divisor <= MAX_SPREAD)) {
        return Optional.empty();
      }
      Tensor p = torch.empty_like(x);
      Tensor shift = x.new_full(new long[0], new Scalar(-(high + low) / 2 / divisor));
      Scalar factor = new Scalar(1 / divisor);
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
      return Optional.of(TorchBridge.own(manager, p));
    }
  }
}
