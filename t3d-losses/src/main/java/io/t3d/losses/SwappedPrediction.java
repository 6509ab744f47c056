package io.t3d.losses;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Swapped prediction at one level: views predict the cluster assignments of other views. A pooled
 * view is a level with one token per view (N = 1).
 */
final class SwappedPrediction {
  // Below float32's smallest share; keeps p · log p at 0 where a prototype's share underflows.
  private static final float TINY = 1e-30f;

  private final Sinkhorn sinkhorn;
  private final double temperature;
  private final NDArray prototypes; // (E, K)

  /**
   * One feature array of one view slot.
   *
   * @param visual {@code (B, N, E)}: what predictions are made from; gradient flows
   * @param assigning {@code (B, N, E)}: what assignments are made from; no gradient
   */
  record Features(NDArray visual, NDArray assigning) {}

  /** View {@code predicting} predicts the assignment of view {@code assigning}; slot numbers. */
  record ViewPair(int predicting, int assigning) {}

  /** Brings the assigning view's {@code (B, M, K)} onto the predicting view's N tokens. */
  @FunctionalInterface
  interface Alignment {
    /** Assignments on the predicting view's tokens, and which of them count. */
    Aligned align(ViewPair pair, NDArray assignments);
  }

  /**
   * Targets for a view's tokens.
   *
   * @param assignments {@code (B, N, K)}
   * @param mask {@code (B, N)}, float32
   */
  record Aligned(NDArray assignments, NDArray mask) {}

  /**
   * Scalars of one level.
   *
   * @param crossEntropy mean over all matched tokens of all pairs; 0 without a match
   * @param divergence KL of the mean prediction from uniform, in nats
   * @param usage effective number of prototypes that are some feature's nearest
   * @param matched share of tokens with a match
   */
  record Result(NDArray crossEntropy, NDArray divergence, NDArray usage, NDArray matched) {}

  SwappedPrediction(Sinkhorn sinkhorn, double temperature, NDArray prototypes) {
    this.sinkhorn = sinkhorn;
    this.temperature = temperature;
    this.prototypes = prototypes.transpose(); // (E, K)
  }

  Result compute(List<Features> slots, List<ViewPair> pairs, Alignment alignment) {
    Assigned assigned = assign(slots, pairs);
    Map<Integer, NDArray> predicted = predict(slots, pairs);
    NDArray sum = BatchArrays.ones(prototypes, new Shape()).mul(0);
    NDArray count = BatchArrays.ones(prototypes, new Shape()).mul(0);
    long tokens = 0;
    for (ViewPair pair : pairs) {
      Aligned target = alignment.align(pair, assigned.bySlot().get(pair.assigning()));
      NDArray logProbability = predicted.get(pair.predicting()); // (B, N, K)
      NDArray crossEntropy =
          logProbability.mul(target.assignments()).sum(new int[] {2}).neg(); // (B, N)
      sum = sum.add(crossEntropy.mul(target.mask()).sum());
      count = count.add(target.mask().sum());
      tokens += target.mask().size();
    }
    return new Result(
        sum.div(count.maximum(1)),
        divergence(List.copyOf(predicted.values())),
        assigned.usage(),
        count.div(tokens));
  }

  /** Assignments per slot {@code (B, N, K)}, and the effective number of nearest prototypes. */
  private record Assigned(Map<Integer, NDArray> bySlot, NDArray usage) {}

  /** Balances all assigning views together: more samples make better balanced clusters. */
  private Assigned assign(List<Features> slots, List<ViewPair> pairs) {
    List<Integer> views = pairs.stream().map(ViewPair::assigning).distinct().toList();
    NDManager manager = prototypes.getManager();
    try (NDManager scope = manager.newSubManager()) {
      NDList parts = new NDList();
      NDArray detached = prototypes.stopGradient();
      detached.attach(scope);
      for (int view : views) {
        NDArray features = slots.get(view).assigning().stopGradient();
        features.attach(scope);
        parts.add(similarities(features, detached));
      }
      NDArray similarities = NDArrays.concat(parts, 0); // (ΣB·N, K)
      NDArray assignments = sinkhorn.assign(similarities); // (ΣB·N, K)
      NDArray usage = usage(similarities);
      usage.attach(manager);
      return new Assigned(split(assignments, views, slots, manager), usage);
    }
  }

  private static Map<Integer, NDArray> split(
      NDArray assignments, List<Integer> views, List<Features> slots, NDManager owner) {
    Map<Integer, NDArray> bySlot = new LinkedHashMap<>();
    long from = 0;
    for (int view : views) {
      Shape shape = slots.get(view).assigning().getShape();
      long to = from + shape.get(0) * shape.get(1);
      NDArray rows = assignments.get(new NDIndex("{}:{}", from, to)); // (B·N, K)
      NDArray q = rows.reshape(shape.get(0), shape.get(1), -1); // (B, N, K)
      q.attach(owner);
      bySlot.put(view, q);
      from = to;
    }
    return bySlot;
  }

  private Map<Integer, NDArray> predict(List<Features> slots, List<ViewPair> pairs) {
    Map<Integer, NDArray> out = new LinkedHashMap<>();
    for (int view : pairs.stream().map(ViewPair::predicting).distinct().toList()) {
      NDArray features = slots.get(view).visual();
      Shape shape = features.getShape();
      NDArray logits = similarities(features, prototypes).div((float) temperature); // (B·N, K)
      out.put(view, logits.logSoftmax(1).reshape(shape.get(0), shape.get(1), -1)); // (B, N, K)
    }
    return out;
  }

  private static NDArray similarities(NDArray features, NDArray prototypes) {
    long e = features.getShape().get(2);
    NDArray rows = features.reshape(-1, e).normalize(2, 1); // (B·N, E)
    return rows.matMul(prototypes); // (B·N, K)
  }

  /** KL(mean prediction ‖ uniform) = log K − H(mean prediction); 0 when all are used equally. */
  private static NDArray divergence(List<NDArray> logProbabilities) {
    long samples = 0;
    List<NDArray> sums = new ArrayList<>();
    for (NDArray logP : logProbabilities) {
      samples += logP.getShape().get(0) * logP.getShape().get(1);
      sums.add(logP.exp().sum(new int[] {0, 1})); // (K)
    }
    NDArray mean = BatchArrays.sum(sums).div(samples); // (K)
    return negativeEntropy(mean).add((float) Math.log(mean.size()));
  }

  /**
   * exp of the entropy of how often each prototype is the nearest. The Sinkhorn assignment itself
   * cannot tell: its mean is uniform by construction, even when all features are the same.
   */
  private static NDArray usage(NDArray similarities) {
    int k = (int) similarities.getShape().get(1);
    NDArray share = similarities.argMax(1).oneHot(k).mean(new int[] {0}); // (K)
    return negativeEntropy(share).neg().exp();
  }

  private static NDArray negativeEntropy(NDArray p) {
    return p.mul(p.maximum(TINY).log()).sum();
  }
}
