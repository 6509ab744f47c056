package io.t3d.core.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.nn.Parameter;
import java.util.Map;
import java.util.TreeMap;

/** The gradients of one step, held by that step's manager; the engine's memory is not copied. */
final class Gradients {
  private static final NDIndex ALL = new NDIndex("...");

  private final Map<String, NDArray> byName = new TreeMap<>();

  private Gradients() {}

  /** Takes the gradients that backward passes have summed up. */
  static Gradients collect(NDManager scope, Map<String, Parameter> parameters) {
    Gradients out = new Gradients();
    parameters.forEach(
        (name, parameter) -> {
          NDArray gradient = parameter.getArray().getGradient();
          gradient.attach(scope);
          out.byName.put(name, gradient);
        });
    return out;
  }

  /** Sets the gradients of parameters to zero, also where they are not finite. */
  static void zero(Map<String, Parameter> parameters) {
    parameters
        .values()
        .forEach(
            parameter -> {
              NDArray weight = parameter.getArray();
              // set() makes an array of its number on the manager of the gradient.
              try (NDManager scope = weight.getManager().newSubManager()) {
                NDArray gradient = weight.getGradient();
                gradient.attach(scope);
                gradient.set(ALL, 0);
              }
            });
  }

  NDArray of(String name) {
    return byName.get(name);
  }

  /** The norm of all gradients taken as one vector; NaN or infinite when one of them is. */
  double globalNorm() {
    NDList sums = new NDList(byName.size());
    byName.values().forEach(g -> sums.add(g.square().sum()));
    try (NDArray stacked = NDArrays.stack(sums)) { // (parameters)
      try (NDArray total = stacked.sum()) {
        return Math.sqrt(total.getFloat());
      }
    } finally {
      sums.close();
    }
  }

  /**
   * Scales all gradients so that their global norm is at most a limit, as {@code
   * torch.nn.utils.clip_grad_norm_} does.
   *
   * @param norm the global norm as it is
   * @param limit the largest norm; 0 for none
   */
  void clip(double norm, double limit) {
    double factor = limit / (norm + 1e-6);
    if (limit > 0 && factor < 1) {
      byName.values().forEach(g -> g.muli(factor));
    }
  }
}
