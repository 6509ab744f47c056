package io.t3d.losses.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.tensor.Scalars;
import io.t3d.core.tensor.Shapes;
import io.t3d.core.torch.Casts;
import io.t3d.losses.internal.BatchArrays;
import java.util.ArrayList;
import java.util.List;

/**
 * Soft assignments of features to prototypes; carries no gradient.
 *
 * @param assignments {@code (N, K)} per part of the features, float32, rows sum to 1
 * @param usage scalar: the effective number of prototypes that are some feature's nearest, exp of
 *     the entropy of how often each is. The assignments cannot tell: their mean is uniform by
 *     construction, even when all features are the same
 */
public record ClusterAssignment(List<NDArray> assignments, NDArray usage) {
  // Below float32's smallest share; keeps p · log p at 0 where a prototype is not used.
  private static final float TINY = 1e-30f;

  /** Copies the list. */
  public ClusterAssignment {
    assignments = List.copyOf(assignments);
  }

  /**
   * Assigns all parts together: more samples make better balanced clusters.
   *
   * @param sinkhorn balances
   * @param features one or more of {@code (N, E)}, of any scale
   * @param prototypes {@code (K, E)}, L2-normalised rows
   * @return owned by the manager of the first features
   * @throws IllegalArgumentException when a shape or dtype differs
   */
  public static ClusterAssignment of(
      Sinkhorn sinkhorn, List<NDArray> features, NDArray prototypes) {
    Shapes.check("prototypes", prototypes, "K, E", "one row per cluster", -1, -1);
    BatchArrays.requireFloat32("prototypes", prototypes);
    long e = prototypes.getShape().get(1);
    for (NDArray part : features) {
      Shapes.check("features", part, "N, E", "E is that of the prototypes", -1, e);
      BatchArrays.requireFloat32("features", part);
    }
    return PrototypeBalance.tryAssign(
            features, prototypes, sinkhorn.epsilon(), sinkhorn.iterations())
        .map(ClusterAssignment::of)
        .orElseGet(() -> inSteps(sinkhorn, features, prototypes));
  }

  private static ClusterAssignment of(PrototypeBalance.Balanced balanced) {
    NDManager owner = balanced.nearest().getManager();
    try (NDManager scope = owner.newSubManager()) {
      balanced.nearest().attach(scope);
      NDArray counts = balanced.nearest().toType(DataType.FLOAT32, true); // (K)
      NDArray usage = usage(counts.div(counts.sum()));
      usage.attach(owner);
      return new ClusterAssignment(balanced.parts(), usage);
    }
  }

  /** For any epsilon and on every platform. */
  static ClusterAssignment inSteps(Sinkhorn sinkhorn, List<NDArray> features, NDArray prototypes) {
    NDManager owner = features.get(0).getManager();
    try (NDManager scope = owner.newSubManager()) {
      NDArray transposed = constant(prototypes, scope).transpose(); // (E, K)
      NDList parts = new NDList();
      for (NDArray part : features) {
        parts.add(similarities(constant(part, scope), transposed));
      }
      NDArray similarities = NDArrays.concat(parts, 0); // (ΣN, K)
      List<NDArray> assignments = split(sinkhorn.assign(similarities), parts);
      int k = (int) prototypes.getShape().get(0);
      NDArray usage = usage(similarities.argMax(1).oneHot(k).mean(new int[] {0}));
      assignments.forEach(a -> a.attach(owner));
      usage.attach(owner);
      return new ClusterAssignment(assignments, usage);
    }
  }

  private static NDArray constant(NDArray array, NDManager scope) {
    NDArray constant = array.stopGradient();
    constant.attach(scope);
    return constant;
  }

  /**
   * Cosines, times the prototypes' length; gradients flow.
   *
   * @param features {@code (N, E)}
   * @param prototypes {@code (E, K)}
   */
  public static NDArray similarities(NDArray features, NDArray prototypes) {
    return Casts.toFloat32(features.normalize(2, 1).matMul(prototypes)); // (N, K)
  }

  private static List<NDArray> split(NDArray assignments, List<NDArray> parts) {
    List<NDArray> rows = new ArrayList<>();
    long from = 0;
    for (NDArray part : parts) {
      Shape shape = part.getShape();
      rows.add(assignments.get(new NDIndex("{}:{}", from, from + shape.get(0)))); // (N, K)
      from += shape.get(0);
    }
    return rows;
  }

  /** exp of the entropy of shares {@code (K)}. */
  private static NDArray usage(NDArray share) {
    return negativeEntropy(share).neg().exp();
  }

  /** Σ p · log p, 0 where p is. */
  public static NDArray negativeEntropy(NDArray p) {
    return p.mul(Scalars.atLeast(p, TINY).log()).sum();
  }
}
