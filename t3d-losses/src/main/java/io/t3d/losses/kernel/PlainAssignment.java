package io.t3d.losses.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.internal.Shapes;
import io.t3d.losses.internal.BatchArrays;
import java.util.ArrayList;
import java.util.List;

/** Cosines, their balance, and the nearest prototypes, one after the other. */
record PlainAssignment(Sinkhorn sinkhorn) implements ClusterAssignment {
  static void check(List<NDArray> features, NDArray prototypes) {
    Shapes.check("prototypes", prototypes, "K, E", "one row per cluster", -1, -1);
    BatchArrays.requireFloat32("prototypes", prototypes);
    long e = prototypes.getShape().get(1);
    for (NDArray part : features) {
      Shapes.check("features", part, "N, E", "E is that of the prototypes", -1, e);
      BatchArrays.requireFloat32("features", part);
    }
  }

  @Override
  public Assigned assign(List<NDArray> features, NDArray prototypes) {
    check(features, prototypes);
    NDManager owner = features.get(0).getManager();
    try (NDManager scope = owner.newSubManager()) {
      NDArray transposed = constant(prototypes, scope).transpose(); // (E, K)
      NDList parts = new NDList();
      for (NDArray part : features) {
        parts.add(ClusterMath.similarities(constant(part, scope), transposed)); // (N, K)
      }
      NDArray similarities = NDArrays.concat(parts, 0); // (ΣN, K)
      List<NDArray> assignments = split(sinkhorn.assign(similarities), parts);
      int k = (int) prototypes.getShape().get(0);
      NDArray nearest = similarities.argMax(1).oneHot(k); // (ΣN, K)
      NDArray usage = ClusterMath.usage(nearest.mean(new int[] {0}));
      assignments.forEach(a -> a.attach(owner));
      usage.attach(owner);
      return new Assigned(assignments, usage);
    }
  }

  private static NDArray constant(NDArray array, NDManager scope) {
    NDArray constant = array.stopGradient();
    constant.attach(scope);
    return constant;
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
}
