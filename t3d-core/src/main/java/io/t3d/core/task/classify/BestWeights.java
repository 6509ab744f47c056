package io.t3d.core.task.classify;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import io.t3d.core.torch.internal.NoGrad;
import java.util.LinkedHashMap;
import java.util.Map;

/** Copies of the weights and running statistics with the lowest validation loss so far. */
final class BestWeights {
  private final NDManager memory;
  private final Map<String, Parameter> parameters;
  private final Map<String, NDArray> copies = new LinkedHashMap<>();
  private double lowest = Double.POSITIVE_INFINITY;
  private int worse;

  BestWeights(NDManager memory, Map<String, Parameter> parameters) {
    this.memory = memory;
    this.parameters = parameters;
  }

  /**
   * Looks at the weights of an epoch.
   *
   * @return how many epochs in a row were not better
   */
  int offer(double loss) {
    if (loss < lowest) {
      lowest = loss;
      worse = 0;
      keep();
    } else {
      worse++;
    }
    return worse;
  }

  private void keep() {
    copies.values().forEach(NDArray::close);
    copies.clear();
    try (NoGrad constant = new NoGrad()) {
      parameters.forEach(
          (name, parameter) -> {
            NDArray copy = parameter.getArray().duplicate();
            copy.attach(memory);
            copies.put(name, copy);
          });
    }
  }

  /** Puts the kept weights back; without any, all stay as they are. */
  void restore() {
    try (NoGrad constant = new NoGrad()) {
      copies.forEach((name, copy) -> copy.copyTo(parameters.get(name).getArray()));
    }
  }
}
