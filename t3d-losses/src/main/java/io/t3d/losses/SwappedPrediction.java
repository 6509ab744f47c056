package io.t3d.losses;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.tensor.Scalars;
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
  record Result(NDArray crossEntropy, NDArray divergence, NDArray usage, NDArray matched) {
    private void attach(NDManager manager) {
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
   * Runs the level. Arrays of (B, N, K) are freed as soon as they are no longer needed: of each
   * predicting view, only what autograd keeps for the backward pass outlives its turn.
   */
  Result compute(List<Features> slots, List<ViewPair> pairs, Alignment alignment) {
    NDManager owner = prototypes.getManager();
    try (NDManager scope = owner.newSubManager()) {
      Assigned assigned = assign(scope, slots, pairs);
      List<Predicted> predicted = new ArrayList<>();
      for (int view : pairs.stream().map(ViewPair::predicting).distinct().toList()) {
        List<Aligned> targets = new ArrayList<>();
        try (NDManager turn = scope.newSubManager()) {
          for (ViewPair pair : pairs) {
            if (pair.predicting() == view) {
              NDArray assignments = assigned.bySlot().get(pair.assigning()).stopGradient();
              assignments.attach(turn);
              targets.add(alignment.align(pair, assignments));
            }
          }
          Predicted terms = predict(turn, slots.get(view).visual(), targets);
          terms.attach(scope);
          predicted.add(terms);
        }
      }
      Result result = result(predicted, assigned.usage());
      result.attach(owner);
      return result;
    }
  }

  /** One predicting view: sums over its tokens, {@code (), (), (K)}, and how many there are. */
  private record Predicted(
      NDArray crossEntropy, NDArray matched, NDArray probability, long targets, long tokens) {
    void attach(NDManager manager) {
      crossEntropy.attach(manager);
      matched.attach(manager);
      probability.attach(manager);
    }
  }

  private Predicted predict(NDManager turn, NDArray visual, List<Aligned> targets) {
    Shape shape = visual.getShape();
    NDArray sharpened = Scalars.divide(prototypes, temperature); // (K, E), far fewer than logits
    sharpened.attach(turn);
    NDArray logits =
        ClusterAssignment.similarities(rows(turn, visual), sharpened.transpose()); // (B·N, K)
    NDArray logP = logits.logSoftmax(1).reshape(shape.get(0), shape.get(1), -1); // (B, N, K)
    // Cross-entropy is linear in its target: summing the targets of all assigning views first
    // leaves one product per view for autograd to keep instead of one per pair.
    NDArray target =
        BatchArrays.sum(
            targets.stream().map(t -> t.assignments().mul(t.mask().expandDims(2))).toList());
    NDArray matched = BatchArrays.sum(targets.stream().map(t -> t.mask().sum()).toList());
    long tokens = shape.get(0) * shape.get(1);
    return new Predicted(
        logP.mul(target).sum().neg(),
        matched,
        logP.exp().sum(new int[] {0, 1}), // (K)
        tokens * targets.size(),
        tokens);
  }

  private static Result result(List<Predicted> views, NDArray usage) {
    NDArray crossEntropy = BatchArrays.sum(views.stream().map(Predicted::crossEntropy).toList());
    NDArray matched = BatchArrays.sum(views.stream().map(Predicted::matched).toList());
    NDArray probability = BatchArrays.sum(views.stream().map(Predicted::probability).toList());
    long targets = views.stream().mapToLong(Predicted::targets).sum();
    long tokens = views.stream().mapToLong(Predicted::tokens).sum();
    return new Result(
        crossEntropy.div(Scalars.atLeast(matched, 1)),
        divergence(Scalars.divide(probability, (double) tokens)),
        usage,
        Scalars.divide(matched, targets));
  }

  /** Assignments per slot {@code (B, N, K)}, and the effective number of nearest prototypes. */
  private record Assigned(Map<Integer, NDArray> bySlot, NDArray usage) {}

  private Assigned assign(NDManager scope, List<Features> slots, List<ViewPair> pairs) {
    List<Integer> views = pairs.stream().map(ViewPair::assigning).distinct().toList();
    List<NDArray> features = new ArrayList<>();
    for (int view : views) {
      features.add(rows(scope, slots.get(view).assigning()));
    }
    ClusterAssignment assigned = ClusterAssignment.of(sinkhorn, features, prototypes);
    Map<Integer, NDArray> bySlot = new LinkedHashMap<>();
    for (int i = 0; i < views.size(); i++) {
      Shape shape = slots.get(views.get(i)).assigning().getShape();
      NDArray q = assigned.assignments().get(i); // (B·N, K)
      bySlot.put(views.get(i), q.reshape(shape.get(0), shape.get(1), -1)); // (B, N, K)
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
