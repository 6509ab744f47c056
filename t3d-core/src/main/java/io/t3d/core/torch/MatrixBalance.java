package io.t3d.core.torch;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.t3d.core.config.Checks;
import io.t3d.core.tensor.Shapes;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * Scales the columns, then the rows of {@code exp(logits / divisor)} by turns, as the
 * Sinkhorn–Knopp algorithm does, without touching the matrix in between.
 *
 * <pre>{@code
 * P = exp((logits - middle) / divisor);  v = N/K / (Pᵀ·u),  u = 1 / (P·v),  …
 * result = diag(u) · P · diag(v)
 * }</pre>
 *
 * <p>Only the two vectors change: one exponential in all, and one pass over P per iteration, in
 * blocks of rows that stay in the processor's cache for both products. The log-domain form takes an
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

  /** Elements of a block: 1 MiB of float32, which both cores' L2 caches hold. */
  private static final long BLOCK = 1L << 18;

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
      double low = x.min().item_float();
      double high = x.max().item_float();
      // NaN fails this comparison, an infinity gives an infinite spread.
      if (!((high - low) / divisor <= MAX_SPREAD)) {
        return Optional.empty();
      }
      Tensor p = new Run(x, divisor, (high + low) / 2).balance(iterations);
      return Optional.of(TorchBridge.own(manager, p));
    }
  }

  /** One matrix; its temporaries belong to the caller's PointerScope. */
  private static final class Run {
    private final Tensor logits;
    private final Tensor p;
    private final long rows;
    private final Scalar factor;
    private final Scalar shift;
    private final Scalar share;

    Run(Tensor logits, double divisor, double middle) {
      this.logits = logits;
      p = torch.empty_like(logits);
      rows = Math.max(1, BLOCK / logits.size(1));
      factor = new Scalar(1 / divisor);
      shift = new Scalar(-middle / divisor);
      share = new Scalar((double) logits.size(0) / logits.size(1));
    }

    Tensor balance(int iterations) {
      Tensor v = columnScale(Run::columnSums, null);
      for (int i = 1; i < iterations; i++) {
        v = columnScale(Run::scaledColumnSums, v);
      }
      for (long from = 0; from < p.size(0); from += rows) {
        try (PointerScope block = new PointerScope()) {
          Tensor q = block(p, from);
          Tensor u = q.mv(v).reciprocal_(); // (rows)
          q.mul_(v).mul_(u.unsqueeze(1));
        }
      }
      return p;
    }

    /** Adds a block's part to the sums of columns. */
    private interface Sums {
      void add(Run run, long from, Tensor v, Tensor sums);
    }

    private Tensor columnScale(Sums part, Tensor v) {
      Tensor sums = logits.select(0, 0).mul(new Scalar(0.0)); // (K), on the logits' device
      for (long from = 0; from < p.size(0); from += rows) {
        try (PointerScope block = new PointerScope()) {
          part.add(this, from, v, sums);
        }
      }
      return sums.reciprocal_().mul_(share); // (K)
    }

    /** The first time, with u = 1, the block is also made. */
    private void columnSums(long from, Tensor v, Tensor sums) {
      Tensor q = block(p, from);
      torch.mul_out(q, block(logits, from), factor);
      q.add_(shift).exp_();
      sums.add_(q.sum(0L));
    }

    private void scaledColumnSums(long from, Tensor v, Tensor sums) {
      Tensor q = block(p, from);
      sums.addmv_(q.t(), q.mv(v).reciprocal_());
    }

    private Tensor block(Tensor matrix, long from) {
      return matrix.narrow(0, from, Math.min(rows, matrix.size(0) - from));
    }
  }
}
