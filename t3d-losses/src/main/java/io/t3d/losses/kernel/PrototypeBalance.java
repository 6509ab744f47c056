package io.t3d.losses.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.t3d.core.config.Checks;
import io.t3d.core.tensor.Shapes;
import io.t3d.core.torch.TorchBridge;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.NoGradGuard;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/**
 * Features to balanced assignments in one go: cosines to prototypes, the nearest of them, the
 * exponential and the column sums of a block of rows are made while it is in the processor's cache;
 * the cosines of all rows are never stored. See {@link MatrixBalance} for the scaling.
 *
 * <pre>{@code
 * P = exp(x·cᵀ / (|x| · divisor));  result = diag(u) · P · diag(v)
 * }</pre>
 */
public final class PrototypeBalance {
  /** As torch's {@code normalize}: features of length 0 have cosines of 0. */
  private static final double SMALLEST_LENGTH = 1e-12;

  private PrototypeBalance() {}

  /**
   * What came out.
   *
   * @param parts {@code (N, K)} per part of the features, rows sum to 1; they share memory
   * @param nearest {@code (K)}, int64: of how many features each prototype is the nearest
   */
  public record Balanced(List<NDArray> parts, NDArray nearest) {
    /** Copies the list. */
    public Balanced {
      parts = List.copyOf(parts);
    }
  }

  /**
   * Balances all parts together, when the {@linkplain TorchBridge bridge} is there and the
   * prototypes' length over the divisor allows it. Accumulates in float32, inside autocast too.
   *
   * @param features one or more of {@code (N, E)}, float32, of any scale
   * @param prototypes {@code (K, E)}, float32, rows of length about 1
   * @param divisor of the cosines; &gt; 0
   * @param iterations how often columns, then rows are scaled; &gt; 0
   * @return without gradient, owned by the manager of the first features; empty when float32 may
   *     not hold the exponentials: then take the cosines to {@link MatrixBalance} or the log domain
   */
  public static Optional<Balanced> tryAssign(
      List<NDArray> features, NDArray prototypes, double divisor, int iterations) {
    Shapes.check("prototypes", prototypes, "K, E", "one row per cluster", -1, -1);
    long e = prototypes.getShape().get(1);
    features.forEach(
        x -> Shapes.check("features", x, "N, E", "E is that of the prototypes", -1, e));
    Checks.positive("divisor", divisor);
    Checks.positive("iterations", iterations);
    if (!TorchBridge.available()) {
      return Optional.empty();
    }
    NDManager manager = features.get(0).getManager();
    try (PointerScope temporaries = new PointerScope();
        NoGradGuard constant = new NoGradGuard()) {
      Tensor c = TorchBridge.borrow(prototypes);
      double longest = lengths(c).max().item_float();
      // |cosine| ≤ the longest prototype; NaN fails this comparison.
      if (!(2 * longest / divisor <= MatrixBalance.MAX_SPREAD)) {
        return Optional.empty();
      }
      return Optional.of(new Run(features, c, divisor).assign(manager, iterations));
    }
  }

  /** Row lengths, {@code (N, 1)}. */
  static Tensor lengths(Tensor x) {
    long[] along = {1};
    return torch.linalg_vector_norm(x, new Scalar(2.0), along, true, new ScalarTypeOptional());
  }

  /** One call; its temporaries belong to the caller's PointerScope. */
  private static final class Run {
    private final List<Tensor> features = new ArrayList<>();
    private final Tensor transposed; // (E, K)
    private final Tensor p; // (ΣN, K)
    private final Tensor nearest; // (ΣN)
    private final Scalar divisor;
    private final Scalar smallest = new Scalar(SMALLEST_LENGTH);

    Run(List<NDArray> parts, Tensor prototypes, double divisor) {
      parts.forEach(part -> features.add(TorchBridge.borrow(part)));
      long rows = parts.stream().mapToLong(part -> part.getShape().get(0)).sum();
      transposed = prototypes.t();
      p = prototypes.new_empty(rows, prototypes.size(0));
      nearest = p.new_empty(rows).to(ScalarType.Long);
      this.divisor = new Scalar(divisor);
    }

    Balanced assign(NDManager manager, int iterations) {
      BlockBalance balance = new BlockBalance(p);
      long from = 0;
      for (Tensor part : features) {
        long first = from;
        balance.fill(
            first,
            first + part.size(0),
            (block, start) -> fill(block, part.narrow(0, start - first, block.size(0)), start));
        from += part.size(0);
      }
      balance.balance(iterations);
      Tensor counts = torch.bincount(nearest, new TensorOptional(), p.size(1));
      return new Balanced(split(manager), TorchBridge.own(manager, counts));
    }

    private void fill(Tensor block, Tensor x, long start) {
      torch.mm_out(block, x, transposed);
      nearest.narrow(0, start, x.size(0)).copy_(torch.max(block, 1L).get1());
      Tensor scale = lengths(x).clamp_min_(smallest).mul_(divisor).reciprocal_(); // (rows, 1)
      block.mul_(scale).exp_();
    }

    private List<NDArray> split(NDManager manager) {
      List<NDArray> parts = new ArrayList<>();
      long from = 0;
      for (Tensor part : features) {
        parts.add(TorchBridge.own(manager, p.narrow(0, from, part.size(0))));
        from += part.size(0);
      }
      return parts;
    }
  }
}
