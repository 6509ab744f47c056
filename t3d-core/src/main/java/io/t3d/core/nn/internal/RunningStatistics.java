package io.t3d.core.nn.internal;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import java.util.IdentityHashMap;
import java.util.Map;

/**
 * A copy of running means and variances, to undo what a step with a non-finite forward pass left in
 * them: one NaN would stay there for good.
 */
public final class RunningStatistics {
  // By identity: arrays of equal content are equal, as all running means are at the start.
  private final IdentityHashMap<NDArray, NDArray> copies = new IdentityHashMap<>();

  /** Copies those among these parameters into a manager. */
  public static RunningStatistics copy(NDManager scope, Map<String, Parameter> parameters) {
    RunningStatistics out = new RunningStatistics();
    out.add(scope, parameters);
    return out;
  }

  /** Copies those among more parameters. */
  public void add(NDManager scope, Map<String, Parameter> parameters) {
    parameters.forEach(
        (name, parameter) -> {
          if (name.endsWith("running_mean") || name.endsWith("running_var")) {
            NDArray copy = parameter.getArray().duplicate();
            copy.attach(scope);
            copies.put(parameter.getArray(), copy);
          }
        });
  }

  /** Writes the copies back. */
  public void restore() {
    copies.forEach((array, copy) -> copy.copyTo(array));
  }
}
