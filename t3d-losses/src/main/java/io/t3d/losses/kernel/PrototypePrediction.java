package io.t3d.losses.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.t3d.core.torch.TorchBridge;
import java.util.List;

/**
 * The loss of predicting given prototype assignments from features.
 *
 * <pre>{@code
 * p = softmax(norm(x)·cᵀ / temperature)
 * L = crossEntropyWeight · - Σ target · log p / Σ mask  +  divergenceWeight · KL( mean p ‖ uniform )
 * }</pre>
 *
 * <p>Swapped prediction: Caron et al. 2020, eq. 2.
 *
 * <p>Two forms give the same values and gradients. {@link #plain}, the reference, leaves the
 * gradients to autograd, which keeps logits, their log-softmax, the targets and the exponential,
 * and goes over each of them again: at 65,536 × 512 numbers the memory's speed, not the arithmetic,
 * decides. {@link #fused} works in blocks of rows, with the gradients written out.
 */
public sealed interface PrototypePrediction permits PlainPrediction, FusedPrediction {
  /**
   * Assignments that features are to predict.
   *
   * @param assignments {@code (M, K)}, float32
   * @param index {@code (N)}, int64: each feature's row of them
   * @param mask {@code (N)}, float32: 1 where the row counts, else 0
   */
  record Target(NDArray assignments, NDArray index, NDArray mask) {}

  /**
   * Features, and all that they are to predict.
   *
   * @param features {@code (N, E)}, float32, of any scale
   * @param targets one or more
   */
  record Rows(NDArray features, List<Target> targets) {
    /** Copies the list. */
    public Rows {
      targets = List.copyOf(targets);
    }

    /** How many targets all features have, N for each. */
    long size() {
      return features.getShape().get(0) * targets.size();
    }
  }

  /**
   * How much each term counts in L.
   *
   * @param crossEntropy factor of the cross-entropy
   * @param divergence factor of the divergence
   */
  record Weights(double crossEntropy, double divergence) {}

  /**
   * Scalars, float32.
   *
   * @param loss L, the weighted sum of the next two; the only one to differentiate
   * @param crossEntropy mean over all rows that count, in nats; 0 without any
   * @param divergence KL of the mean prediction from uniform, in nats
   * @param matched share of the rows that count
   */
  record Predicted(NDArray loss, NDArray crossEntropy, NDArray divergence, NDArray matched) {
    /** Gives all to a manager, which then frees them. */
    public void attach(NDManager manager) {
      List.of(loss, crossEntropy, divergence, matched).forEach(x -> x.attach(manager));
    }
  }

  /**
   * Predicts.
   *
   * @param parts one or more; the mean prediction is that of all of them
   * @param prototypes {@code (K, E)}, float32
   * @param weights of the terms
   * @return differentiable in features and prototypes, not in assignments; owned by the managers of
   *     features and prototypes, as are the arrays on the way: call it in a scope
   * @throws IllegalArgumentException when a shape differs
   */
  Predicted predict(List<Rows> parts, NDArray prototypes, Weights weights);

  /**
   * The reference, by autograd.
   *
   * @param temperature divisor of the cosines, &gt; 0
   */
  static PrototypePrediction plain(double temperature) {
    return new PlainPrediction(temperature);
  }

  /**
   * In blocks. Gradients are computed with the values while a gradient collector is open, with
   * float32 sums, inside autocast too.
   *
   * @param temperature divisor of the cosines, &gt; 0
   * @throws UnsupportedOperationException without the {@linkplain TorchBridge bridge}
   */
  static PrototypePrediction fused(double temperature) {
    return new FusedPrediction(temperature);
  }

  /** The fused form where the {@linkplain TorchBridge bridge} is there, else the plain one. */
  static PrototypePrediction best(double temperature) {
    return TorchBridge.available() ? fused(temperature) : plain(temperature);
  }
}
