package io.t3d.core.nn.internal;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import io.t3d.core.torch.internal.TensorLists;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * A copy of running means and variances, to undo what a step with a non-finite forward pass left in
 * them: one NaN would stay there for good. The copy is one operation, since every step makes one.
 */
public final class RunningStatistics {
  private final List<Copy> copies = new ArrayList<>();

  /**
   * Statistics and their values.
   *
   * @param values those of the arrays, one after another
   */
  private record Copy(List<NDArray> arrays, NDArray values) {
    /** On the device; DJL's {@code copyTo} would go through Java, and wait for each array. */
    void restore() {
      try (NDManager scope = values.getManager().newSubManager()) {
        List<NDArray> parts = new ArrayList<>();
        long from = 0;
        for (NDArray array : arrays) {
          long to = from + array.size();
          NDArray part = values.get(from + ":" + to);
          part.attach(scope);
          NDArray shaped = part.reshape(array.getShape());
          shaped.attach(scope);
          parts.add(shaped);
          from = to;
        }
        TensorLists.copy(arrays, parts);
      }
    }
  }

  /** Copies those among these parameters into a manager. */
  public static RunningStatistics copy(NDManager scope, Map<String, Parameter> parameters) {
    RunningStatistics out = new RunningStatistics();
    out.add(scope, parameters);
    return out;
  }

  /** Copies those among more parameters. */
  public void add(NDManager scope, Map<String, Parameter> parameters) {
    List<NDArray> arrays = new ArrayList<>();
    parameters.forEach(
        (name, parameter) -> {
          if (name.endsWith("running_mean") || name.endsWith("running_var")) {
            arrays.add(parameter.getArray());
          }
        });
    if (!arrays.isEmpty()) {
      copies.add(new Copy(arrays, concat(scope, arrays)));
    }
  }

  private static NDArray concat(NDManager scope, List<NDArray> arrays) {
    NDList rows = new NDList();
    List<NDArray> made = new ArrayList<>();
    for (NDArray array : arrays) {
      boolean flat = array.getShape().dimension() == 1;
      NDArray row = flat ? array : array.reshape(-1);
      if (!flat) {
        made.add(row);
      }
      rows.add(row);
    }
    NDArray values = rows.size() == 1 ? rows.get(0).duplicate() : NDArrays.concat(rows);
    values.attach(scope);
    made.forEach(NDArray::close);
    return values;
  }

  /** Writes the copies back. */
  public void restore() {
    copies.forEach(Copy::restore);
  }
}
