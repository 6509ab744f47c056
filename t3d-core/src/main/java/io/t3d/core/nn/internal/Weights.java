package io.t3d.core.nn.internal;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.nn.Parameter;
import io.t3d.core.internal.Shapes;
import io.t3d.core.nn.StateDict;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Puts named weights into a block. Full names and shapes must agree both ways: DJL's own loading
 * checks a parameter's local name only, and takes swapped sibling layers without a word.
 */
public final class Weights {
  private static final int LISTED = 5; // differences that a message shows per kind

  private Weights() {}

  /**
   * Replaces all weights of an initialised block. Nothing is changed when an error is thrown.
   *
   * @param block initialised; its arrays keep their manager
   * @param tensors name → array, with the names of {@link StateDict}; taken over, not copied
   * @param source what to call the weights in an error, e.g. the file
   * @throws IOException when a name is missing or unexpected, or a shape differs; lists them
   */
  public static void load(Block block, Map<String, NDArray> tensors, String source)
      throws IOException {
    Map<String, Parameter> parameters = StateDict.of(block);
    check(source, tensors, parameters);
    parameters.forEach((name, parameter) -> replace(parameter, tensors.get(name)));
  }

  private static void check(
      String source, Map<String, NDArray> tensors, Map<String, Parameter> parameters)
      throws IOException {
    List<String> missing = new ArrayList<>();
    List<String> different = new ArrayList<>();
    for (Map.Entry<String, Parameter> entry : parameters.entrySet()) {
      NDArray tensor = tensors.get(entry.getKey());
      NDArray wanted = entry.getValue().getArray();
      if (tensor == null) {
        missing.add(entry.getKey());
      } else if (!tensor.getShape().equals(wanted.getShape())) {
        different.add(
            entry.getKey()
                + " "
                + Shapes.format(tensor.getShape())
                + " instead of "
                + Shapes.format(wanted.getShape()));
      }
    }
    List<String> unexpected =
        tensors.keySet().stream().filter(n -> !parameters.containsKey(n)).toList();
    if (!missing.isEmpty() || !unexpected.isEmpty() || !different.isEmpty()) {
      throw new IOException(
          source
              + " holds the weights of another config:"
              + list(" missing", missing)
              + list(" unexpected", unexpected)
              + list(" of another shape", different));
    }
  }

  private static String list(String title, List<String> names) {
    if (names.isEmpty()) {
      return "";
    }
    String shown = String.join(", ", names.subList(0, Math.min(LISTED, names.size())));
    String more = names.size() > LISTED ? ", … " + (names.size() - LISTED) + " more" : "";
    return title + " (" + names.size() + "): " + shown + more + ";";
  }

  private static void replace(Parameter parameter, NDArray tensor) {
    NDManager owner = parameter.getArray().getManager();
    NDArray array =
        tensor.getDataType() == DataType.FLOAT32 ? tensor : tensor.toType(DataType.FLOAT32, false);
    array.attach(owner);
    // Parameter.setArray refuses a parameter whose shape is known, so the array comes as its start.
    parameter.close();
    parameter.setInitializer((manager, shape, type) -> array);
    parameter.initialize(owner, DataType.FLOAT32);
  }
}
