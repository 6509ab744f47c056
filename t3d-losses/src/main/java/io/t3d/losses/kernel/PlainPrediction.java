package io.t3d.losses.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import io.t3d.core.internal.Checks;
import io.t3d.core.internal.Shapes;
import io.t3d.core.tensor.Scalars;
import io.t3d.losses.internal.BatchArrays;
import java.util.ArrayList;
import java.util.List;

/** The formula as it stands: autograd keeps some five arrays of (N, K) for each part. */
record PlainPrediction(double temperature) implements PrototypePrediction {
  PlainPrediction {
    Checks.positive("temperature", temperature);
  }

  static void check(List<Rows> parts, NDArray prototypes) {
    Shapes.check("prototypes", prototypes, "K, E", "one row per cluster", -1, -1);
    long e = prototypes.getShape().get(1);
    parts.forEach(
        x -> Shapes.check("features", x.features(), "N, E", "E is that of the prototypes", -1, e));
  }

  @Override
  public Predicted predict(List<Rows> parts, NDArray prototypes, Weights weights) {
    check(parts, prototypes);
    NDArray sharpened = Scalars.divide(prototypes, temperature).transpose(); // (E, K)
    List<NDArray> crossEntropies = new ArrayList<>();
    List<NDArray> probabilities = new ArrayList<>();
    List<NDArray> masks = new ArrayList<>();
    for (Rows part : parts) {
      NDArray logits = ClusterMath.similarities(part.features(), sharpened); // (N, K)
      NDArray logP = logits.logSoftmax(1); // (N, K)
      List<NDArray> targets = new ArrayList<>();
      for (Target target : part.targets()) {
        NDArray rows = target.assignments().get(new NDIndex("{}", target.index())); // (N, K)
        targets.add(rows.mul(target.mask().expandDims(1))); // (N, K)
        masks.add(target.mask().sum());
      }
      // Cross-entropy is linear in what is to be predicted.
      crossEntropies.add(logP.mul(BatchArrays.sum(targets)).sum().neg());
      probabilities.add(logP.exp().sum(new int[] {0})); // (K)
    }
    NDArray matched = BatchArrays.sum(masks);
    NDArray crossEntropy = BatchArrays.sum(crossEntropies).div(Scalars.atLeast(matched, 1));
    double rows = parts.stream().mapToLong(part -> part.features().getShape().get(0)).sum();
    NDArray divergence = divergence(Scalars.divide(BatchArrays.sum(probabilities), rows));
    long targets = parts.stream().mapToLong(Rows::size).sum();
    return new Predicted(
        loss(crossEntropy, divergence, weights),
        crossEntropy,
        divergence,
        Scalars.divide(matched, targets));
  }

  static NDArray loss(NDArray crossEntropy, NDArray divergence, Weights weights) {
    return Scalars.multiply(crossEntropy, weights.crossEntropy())
        .add(Scalars.multiply(divergence, weights.divergence()));
  }

  /** KL(mean prediction ‖ uniform) = log K − H(mean prediction); 0 when all are used equally. */
  private static NDArray divergence(NDArray mean) {
    return Scalars.add(ClusterMath.negativeEntropy(mean), Math.log((double) mean.size()));
  }
}
