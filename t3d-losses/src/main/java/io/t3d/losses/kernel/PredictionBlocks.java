package io.t3d.losses.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.t3d.core.torch.TorchBridge;
import io.t3d.losses.kernel.PrototypePrediction.Rows;
import io.t3d.losses.kernel.PrototypePrediction.Target;
import io.t3d.losses.kernel.PrototypePrediction.Weights;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.ScalarTypeOptional;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.global.torch;

/**
 * The sums of {@link FusedPrediction} and their gradients, in blocks of rows that stay in the
 * processor's cache.
 *
 * <pre>{@code
 * g = crossEntropyWeight / Σ mask · (mass · p - target) + p · (slope - p·slope)     of the logits
 * with mass = Σ(k) target, slope = divergenceWeight / N · log mean p; then with s = |x| · temperature
 * dc = Σ (g/s)ᵀ·x,  dx = (g/s)·c without what points along x
 * }</pre>
 *
 * <p>Of the matrices of (N, K) only p is stored. Temporaries belong to the caller's PointerScope.
 */
final class PredictionBlocks {
  /**
   * What came out; none carries a gradient.
   *
   * @param crossEntropy scalar: mean over all rows that count, in nats; 0 without any
   * @param divergence scalar: KL of the mean prediction from uniform, in nats
   * @param matched scalar: how many rows count
   * @param features gradient of L with respect to each features, {@code (N, E)}; empty when none is
   *     wanted
   * @param prototypes gradient of L with respect to the prototypes, {@code (K, E)}; empty when none
   *     is wanted
   */
  record Summed(
      NDArray crossEntropy,
      NDArray divergence,
      NDArray matched,
      List<NDArray> features,
      Optional<NDArray> prototypes) {
    Summed {
      features = List.copyOf(features);
    }
  }

  // Below float32's smallest share; keeps p · log p at 0 where a prototype is not used.
  private static final double TINY = 1e-30;

  private final List<Part> parts = new ArrayList<>();
  private final Tensor prototypes; // (K, E)
  private final Tensor transposed; // (E, K)
  private final Tensor probability; // (K): summed over all rows
  private final Tensor crossEntropy; // (): summed over all rows
  private final Tensor matched; // ()
  private final Tensor logits; // (rows, K): of a block
  private final Tensor target; // (rows, K): of a block
  private final long block;
  private long rows;

  PredictionBlocks(List<Rows> all, Tensor prototypes, double temperature) {
    this.prototypes = prototypes;
    transposed = prototypes.t();
    long k = prototypes.size(0);
    probability = prototypes.new_zeros(k);
    crossEntropy = prototypes.new_zeros(new long[0]);
    matched = prototypes.new_zeros(new long[0]);
    for (Rows one : all) {
      Part part = new Part(one, k, temperature);
      parts.add(part);
      rows += part.size();
    }
    long largest = parts.stream().mapToLong(Part::size).max().orElse(0);
    block = Math.min(largest, BlockBalance.rows(k, prototypes.is_cuda()));
    logits = prototypes.new_empty(block, k);
    target = prototypes.new_empty(block, k);
  }

  /** Makes the predictions and sums them up. */
  void predict() {
    for (Part part : parts) {
      for (Tensor mask : part.masks) {
        matched.add_(mask.sum());
      }
      for (long from = 0; from < part.size(); from += block) {
        try (PointerScope scope = new PointerScope()) {
          predict(part, from, Math.min(block, part.size() - from));
        }
      }
    }
  }

  private void predict(Part part, long from, long count) {
    Tensor z = logits.narrow(0, 0, count);
    Tensor p = part.p.narrow(0, from, count);
    torch.mm_out(z, part.x.narrow(0, from, count), transposed);
    z.mul_(part.scale.narrow(0, from, count));
    torch.log_softmax_out(p, z, 1);
    Tensor t = part.target(target, from, count);
    part.mass.narrow(0, from, count).copy_(t.sum(1L));
    // Not a dot product: that adds a block's numbers in one row, and loses digits.
    crossEntropy.sub_(t.mul_(p).sum());
    p.exp_();
    probability.add_(p.sum(0L));
  }

  /**
   * What came out, owned by a manager.
   *
   * @param gradients whether those of L are wanted
   * @param weights of the terms in L
   */
  Summed result(NDManager owner, boolean gradients, Weights weights) {
    Tensor mean = probability.div(new Scalar((double) rows));
    Tensor logMean = mean.clamp_min(new Scalar(TINY)).log();
    Tensor divergence = torch.dot(mean, logMean);
    divergence.add_(new Scalar(Math.log(prototypes.size(0))));
    Tensor counted = matched.clamp_min(new Scalar(1.0));
    List<NDArray> ofFeatures = new ArrayList<>();
    Optional<NDArray> ofPrototypes = Optional.empty();
    if (gradients) {
      // The derivative of the divergence by p, up to a constant that softmax takes out.
      Tensor slope = logMean.mul(new Scalar(weights.divergence() / rows)); // (K)
      Scalar factor = new Scalar(weights.crossEntropy() / counted.item_float());
      Tensor sum = prototypes.new_zeros(prototypes.size(0), prototypes.size(1));
      for (Part part : parts) {
        ofFeatures.add(TorchBridge.own(owner, backward(part, slope, factor, sum)));
      }
      ofPrototypes = Optional.of(TorchBridge.own(owner, sum));
    }
    return new Summed(
        TorchBridge.own(owner, crossEntropy.div(counted)),
        TorchBridge.own(owner, divergence),
        TorchBridge.own(owner, matched),
        ofFeatures,
        ofPrototypes);
  }

  /** Returns the gradient of a part's features; adds to that of the prototypes. */
  private Tensor backward(Part part, Tensor slope, Scalar factor, Tensor ofPrototypes) {
    Tensor gradient = prototypes.new_empty(part.size(), prototypes.size(1)); // (N, E)
    for (long from = 0; from < part.size(); from += block) {
      try (PointerScope scope = new PointerScope()) {
        long count = Math.min(block, part.size() - from);
        Tensor g = ofLogits(part, from, count, slope, factor);
        g.mul_(part.scale.narrow(0, from, count)); // of x·cᵀ
        Tensor x = part.x.narrow(0, from, count);
        ofPrototypes.addmm_(g.t(), x);
        Tensor dx = gradient.narrow(0, from, count);
        torch.mm_out(dx, g, prototypes);
        // Only the direction of x matters: what points along x is taken out.
        Tensor along = dx.mul(x).sum(new long[] {1}, true, part.none);
        Tensor inverse = part.inverse.narrow(0, from, count);
        dx.addcmul_(x, along.mul_(inverse).mul_(inverse), part.minusOne);
      }
    }
    return gradient;
  }

  /** factor · (mass · p - target) + p · (slope - p·slope), of a block; in {@link #logits}. */
  private Tensor ofLogits(Part part, long from, long count, Tensor slope, Scalar factor) {
    Tensor g = logits.narrow(0, 0, count);
    Tensor p = part.p.narrow(0, from, count);
    Tensor row = part.mass.narrow(0, from, count).mul(factor).sub_(p.mv(slope)); // (rows)
    torch.add_out(g, slope.unsqueeze(0), row.unsqueeze(1));
    return g.mul_(p).sub_(part.target(target, from, count), factor);
  }

  /** Features, what is known of them, and their predictions. */
  private static final class Part {
    /** As torch's {@code normalize}: features of length 0 have cosines of 0. */
    private static final double SMALLEST_LENGTH = 1e-12;

    final Tensor x; // (N, E)
    final Tensor inverse; // (N, 1): 1 / length
    final Tensor scale; // (N, 1): 1 / (length · temperature)
    final Tensor p; // (N, K)
    final Tensor mass; // (N): sum of each target
    final List<Tensor> masks = new ArrayList<>(); // (N)
    final Scalar minusOne = new Scalar(-1.0);
    final ScalarTypeOptional none = new ScalarTypeOptional();
    private final List<Tensor> assignments = new ArrayList<>(); // (M, K)
    private final List<Tensor> indices = new ArrayList<>(); // (N)

    Part(Rows rows, long k, double temperature) {
      x = TorchBridge.borrow(rows.features()).contiguous();
      inverse = FusedAssignment.lengths(x).clamp_min_(new Scalar(SMALLEST_LENGTH)).reciprocal_();
      scale = inverse.div(new Scalar(temperature));
      p = x.new_empty(x.size(0), k);
      mass = x.new_empty(x.size(0));
      for (Target target : rows.targets()) {
        assignments.add(TorchBridge.borrow(target.assignments()));
        indices.add(TorchBridge.borrow(target.index()));
        masks.add(TorchBridge.borrow(target.mask()));
      }
    }

    long size() {
      return x.size(0);
    }

    /** What a block is to predict, summed over the targets: cross-entropy is linear in it. */
    Tensor target(Tensor buffer, long from, long count) {
      Tensor sum = buffer.narrow(0, 0, count);
      for (int i = 0; i < masks.size(); i++) {
        Tensor index = indices.get(i).narrow(0, from, count);
        Tensor mask = masks.get(i).narrow(0, from, count).unsqueeze(1);
        if (i == 0) {
          torch.index_select_out(sum, assignments.get(i), 0, index);
          sum.mul_(mask);
        } else {
          sum.addcmul_(assignments.get(i).index_select(0, index), mask);
        }
      }
      return sum;
    }
  }
}
