package io.t3d.losses;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import io.t3d.core.tensor.Scalars;
import io.t3d.core.tensor.Scopes;
import io.t3d.losses.internal.BatchArrays;
import io.t3d.losses.kernel.ClusterAssignment;
import io.t3d.losses.kernel.PrototypePrediction;
import io.t3d.losses.kernel.PrototypePrediction.Predicted;
import io.t3d.losses.kernel.PrototypePrediction.Rows;
import io.t3d.losses.kernel.PrototypePrediction.Target;
import io.t3d.losses.kernel.Sinkhorn;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Swapped prediction at one level: views predict the cluster assignments of other views. A pooled
 * view is a level with one token per view (N = 1).
 */
final class SwappedPrediction {
  private final Sinkhorn sinkhorn;
  private final double temperature;
  private final NDArray prototypes; // (K, E)

  /** View {@code predicting} predicts the assignment of view {@code assigning}; slot numbers. */
  record ViewPair(int predicting, int assigning) {}

  /** Finds the assigning view's row for each of the predicting view's tokens. */
  @FunctionalInterface
  interface Alignment {
    /** Rows, and which of them count. */
    Aligned align(ViewPair pair);
  }

  /**
   * Where a view's targets are.
   *
   * @param index {@code (B·N)}, int64: row of the assigning view's {@code (B·M, K)}
   * @param mask {@code (B·N)}, float32
   */
  record Aligned(NDArray index, NDArray mask) {}

  /**
   * How much each term counts in the loss.
   *
   * @param crossEntropy factor of the cross-entropy
   * @param divergence factor of the divergence
   */
  record Weights(double crossEntropy, double divergence) {}

  /**
   * Scalars of one level.
   *
   * @param loss the weighted sum of the next two; the only one that carries a gradient
   * @param crossEntropy mean over all matched tokens of all pairs; 0 without a match
   * @param divergence KL of the mean prediction from uniform, in nats
   * @param usage effective number of prototypes that are some feature's nearest
   * @param matched share of tokens with a match
   */
  record Result(
      NDArray loss, NDArray crossEntropy, NDArray divergence, NDArray usage, NDArray matched) {
    private void attach(NDManager manager) {
      loss.attach(manager);
      crossEntropy.attach(manager);
      divergence.attach(manager);
      usage.attach(manager);
      matched.attach(manager);
    }
  }

  SwappedPrediction(Sinkhorn sinkhorn, double temperature, NDArray prototypes) {
    this.sinkhorn = sinkhorn;
    this.temperature = temperature;
    this.prototypes = prototypes;
  }

  /**
   * Runs the level: with the fused kernel where the bridge is there, else by autograd.
   *
   * @param slots features {@code (B, N, E)} of each view slot; no gradient flows to assignments
   * @param pairs who predicts whom
   * @param alignment of each pair
   * @param weights in the loss
   */
  Result compute(List<NDArray> slots, List<ViewPair> pairs, Alignment alignment, Weights weights) {
    NDManager owner = prototypes.getManager();
    try (NDManager scope = owner.newSubManager()) {
      Assigned assigned = assign(scope, slots, pairs);
      List<Rows> predicting = new ArrayList<>();
      for (int view : pairs.stream().map(ViewPair::predicting).distinct().toList()) {
        List<Target> targets = new ArrayList<>();
        for (ViewPair pair : pairs) {
          if (pair.predicting() == view) {
            Aligned aligned = alignment.align(pair);
            aligned.index().attach(scope);
            aligned.mask().attach(scope);
            targets.add(
                new Target(
                    assigned.bySlot().get(pair.assigning()), aligned.index(), aligned.mask()));
          }
        }
        predicting.add(new Rows(rows(scope, slots.get(view)), targets));
      }
      NDArray c = Scopes.handle(prototypes, scope);
      Result result =
          PrototypePrediction.tryPredict(
                  predicting, c, temperature, weights.crossEntropy(), weights.divergence())
              .map(predicted -> result(predicted, predicting, c, assigned.usage(), weights))
              .orElseGet(() -> byAutograd(predicting, c, assigned.usage(), weights));
      result.attach(owner);
      return result;
    }
  }

  private static Result result(
      Predicted predicted, List<Rows> parts, NDArray prototypes, NDArray usage, Weights weights) {
    NDArray loss = loss(predicted.crossEntropy(), predicted.divergence(), weights);
    if (predicted.prototypes().isPresent()) {
      // The gradients are there already: a sum of products with them has just these. Its value is
      // taken off again.
      List<NDArray> carriers = new ArrayList<>();
      carriers.add(carrier(prototypes, predicted.prototypes().get()));
      for (int i = 0; i < parts.size(); i++) {
        carriers.add(carrier(parts.get(i).features(), predicted.features().get(i)));
      }
      NDArray carrier = BatchArrays.sum(carriers);
      loss = loss.add(carrier.sub(carrier.stopGradient()));
    }
    long targets = parts.stream().mapToLong(SwappedPrediction::tokens).sum();
    return new Result(
        loss,
        predicted.crossEntropy(),
        predicted.divergence(),
        usage,
        Scalars.divide(predicted.matched(), targets));
  }

  private static NDArray carrier(NDArray leaf, NDArray gradient) {
    return leaf.reshape(-1).matMul(gradient.reshape(-1)); // a dot product
  }

  private static NDArray loss(NDArray crossEntropy, NDArray divergence, Weights weights) {
    return Scalars.multiply(crossEntropy, weights.crossEntropy())
        .add(Scalars.multiply(divergence, weights.divergence()));
  }

  private static long tokens(Rows rows) {
    return rows.features().getShape().get(0) * rows.targets().size();
  }

  /** The same on every platform: autograd keeps some five arrays of (B·N, K) per view. */
  Result byAutograd(List<Rows> parts, NDArray prototypes, NDArray usage, Weights weights) {
    NDArray sharpened = Scalars.divide(prototypes, temperature).transpose(); // (E, K)
    List<NDArray> crossEntropies = new ArrayList<>();
    List<NDArray> probabilities = new ArrayList<>();
    List<NDArray> masks = new ArrayList<>();
    for (Rows part : parts) {
      NDArray logP =
          ClusterAssignment.similarities(part.features(), sharpened).logSoftmax(1); // (B·N, K)
      List<NDArray> targets = new ArrayList<>();
      for (Target target : part.targets()) {
        NDArray rows = target.assignments().get(new NDIndex("{}", target.index()));
        targets.add(rows.mul(target.mask().expandDims(1)));
        masks.add(target.mask().sum());
      }
      crossEntropies.add(logP.mul(BatchArrays.sum(targets)).sum().neg());
      probabilities.add(logP.exp().sum(new int[] {0})); // (K)
    }
    double tokens = parts.stream().mapToLong(p -> p.features().getShape().get(0)).sum();
    long targets = parts.stream().mapToLong(SwappedPrediction::tokens).sum();
    NDArray matched = BatchArrays.sum(masks);
    NDArray crossEntropy = BatchArrays.sum(crossEntropies).div(Scalars.atLeast(matched, 1));
    NDArray divergence = divergence(Scalars.divide(BatchArrays.sum(probabilities), tokens));
    return new Result(
        loss(crossEntropy, divergence, weights),
        crossEntropy,
        divergence,
        usage,
        Scalars.divide(matched, targets));
  }

  /** Assignments per slot {@code (B·N, K)}, and the effective number of nearest prototypes. */
  private record Assigned(Map<Integer, NDArray> bySlot, NDArray usage) {}

  private Assigned assign(NDManager scope, List<NDArray> slots, List<ViewPair> pairs) {
    List<Integer> views = pairs.stream().map(ViewPair::assigning).distinct().toList();
    List<NDArray> features = new ArrayList<>();
    for (int view : views) {
      features.add(rows(scope, slots.get(view)));
    }
    ClusterAssignment assigned = ClusterAssignment.of(sinkhorn, features, prototypes);
    Map<Integer, NDArray> bySlot = new LinkedHashMap<>();
    for (int i = 0; i < views.size(); i++) {
      bySlot.put(views.get(i), assigned.assignments().get(i));
    }
    return new Assigned(bySlot, assigned.usage());
  }

  private static NDArray rows(NDManager owner, NDArray features) {
    NDArray rows = features.reshape(-1, features.getShape().get(2)); // (B·N, E)
    rows.attach(owner);
    return rows;
  }

  /** KL(mean prediction ‖ uniform) = log K − H(mean prediction); 0 when all are used equally. */
  private static NDArray divergence(NDArray mean) {
    return ClusterAssignment.negativeEntropy(mean).add((float) Math.log((double) mean.size()));
  }
}
