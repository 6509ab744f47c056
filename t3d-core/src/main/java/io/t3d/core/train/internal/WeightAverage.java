package io.t3d.core.train.internal;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import io.t3d.core.torch.internal.NoGrad;
import io.t3d.core.torch.internal.TensorLists;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * An exponential moving average of a model's weights, for evaluation.
 *
 * <pre>{@code
 * d = min(decay, (1 + n) / (10 + n))      n updates before this one
 * average ← average + (1 - d) (weight - average)
 * }</pre>
 *
 * <p>Polyak and Juditsky 1992, "Acceleration of Stochastic Approximation by Averaging"; with a
 * decay, Tarvainen and Valpola 2017, "Mean teachers are better role models", Section 2. The growing
 * decay is that of {@code tf.train.ExponentialMovingAverage} with {@code num_updates}: the random
 * start is forgotten within the first updates, also in short runs.
 *
 * <p>All parameters are averaged, the running statistics of batch norms among them: they describe
 * what the weights make of the data, so those that belong to weights of the last thousand steps are
 * those of the last thousand steps. Copies of the newest would fit weights that are not there. A
 * frozen parameter stays bit for bit.
 */
public final class WeightAverage implements AutoCloseable {
  private final NDManager manager;
  private final Map<String, Parameter> parameters;
  private final Map<String, NDArray> averages = new LinkedHashMap<>();
  private final double decay;

  /**
   * Starts from the weights as they are.
   *
   * @param owner the averages' memory, as much as the weights', belongs to a child of it
   * @param parameters dotted name → parameter, float32
   * @param decay see {@code TrainingConfig.emaDecay}
   */
  public WeightAverage(NDManager owner, Map<String, Parameter> parameters, double decay) {
    this.manager = owner.newSubManager();
    this.parameters = parameters;
    this.decay = decay;
    try (NoGrad constant = new NoGrad()) {
      parameters.forEach((name, parameter) -> averages.put(name, copy(parameter.getArray())));
    }
  }

  private NDArray copy(NDArray array) {
    NDArray copy = array.duplicate();
    copy.attach(manager);
    return copy;
  }

  /** The share of the old average that stays, after a number of updates. */
  static double decay(double decay, int updatesBefore) {
    return Math.min(decay, (1.0 + updatesBefore) / (10.0 + updatesBefore));
  }

  /**
   * Moves the averages towards the weights. Call it after an update, not after a skipped step.
   *
   * @param updatesBefore updates before the one that was just made
   */
  public void update(int updatesBefore) {
    double fraction = 1 - decay(decay, updatesBefore);
    try (NoGrad constant = new NoGrad()) {
      List<NDArray> weights =
          averages.keySet().stream().map(name -> parameters.get(name).getArray()).toList();
      TensorLists.lerp(List.copyOf(averages.values()), weights, fraction);
    }
  }

  /**
   * Exchanges weights and averages: the model holds the averages, and {@link #arrays} the weights,
   * until the next call. Bit for bit, one array at a time.
   */
  public void exchange() {
    try (NoGrad constant = new NoGrad()) {
      averages.forEach(
          (name, average) -> {
            NDArray weight = parameters.get(name).getArray();
            try (NDArray kept = weight.duplicate()) {
              average.copyTo(weight);
              kept.copyTo(average);
            }
          });
    }
  }

  /** Dotted name → average; not copies. */
  public Map<String, NDArray> arrays() {
    return Collections.unmodifiableMap(averages);
  }

  @Override
  public void close() {
    manager.close();
  }
}
