package io.t3d.losses.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
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
 * the cosines of all rows are never stored. See {@link FusedSinkhorn} for the scaling.
 *
 * <pre>{@code
 * P = exp(x·cᵀ / (|x| · epsilon));  result = diag(u) · P · diag(v)
 * }</pre>
 *
 * <p>Accumulates in float32, inside autocast too.
 */
record FusedAssignment(double epsilon, int iterations, ClusterAssignment inSteps)
    implements ClusterAssignment {
  /** As torch's {@code normalize}: features of length 0 have cosines of 0. */
  private static final double SMALLEST_LENGTH = 1e-12;

  FusedAssignment(double epsilon, int iterations) {
    this(epsilon, iterations, new PlainAssignment(Sinkhorn.fused(epsilon, iterations)));
  }

  /** Assignments that share memory, and of how many features each prototype is the nearest. */
  private record Balanced(List<NDArray> parts, NDArray nearest) {}

  @Override
  public Assigned assign(List<NDArray> features, NDArray prototypes) {
    PlainAssignment.check(features, prototypes);
    return balance(features, prototypes)
        .map(FusedAssignment::withUsage)
        .orElseGet(() -> inSteps.assign(features, prototypes));
  }

  private static Assigned withUsage(Balanced balanced) {
    NDManager owner = balanced.nearest().getManager();
    try (NDManager scope = owner.newSubManager()) {
      balanced.nearest().attach(scope);
      NDArray counts = balanced.nearest().toType(DataType.FLOAT32, true); // (K)
      NDArray usage = ClusterMath.usage(counts.div(counts.sum()));
      usage.attach(owner);
      return new Assigned(balanced.parts(), usage);
    }
  }

  /** Empty when the prototypes are so long that float32 may not hold the exponentials. */
  private Optional<Balanced> balance(List<NDArray> features, NDArray prototypes) {
    NDManager manager = features.get(0).getManager();
    try (PointerScope temporaries = new PointerScope();
        NoGradGuard constant = new NoGradGuard()) {
      Tensor c = TorchBridge.borrow(prototypes);
      double longest = lengths(c).max().item_float();
      // |cosine| ≤ the longest prototype; NaN fails this comparison.
      if (!(2 * longest / epsilon <= FusedSinkhorn.MAX_SPREAD)) {
        return Optional.empty();
      }
      return Optional.of(new Run(features, c, epsilon).assign(manager, iterations));
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
