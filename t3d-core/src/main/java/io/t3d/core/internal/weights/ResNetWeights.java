package io.t3d.core.internal.weights;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.config.ResNet3dConfig;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * From the state dicts of MONAI's and MedicalNet's 3D ResNets to that of {@code ResNet3d}. What
 * differs is folded so that the inference stays the same:
 *
 * <ul>
 *   <li>biases of convolutions are subtracted from the running mean of the norm that follows;
 *   <li>the kernels of a first convolution of several channels are summed: the answer to a grey
 *       volume that is given to every channel;
 *   <li>shortcuts without weights (type A: every second voxel, zeros for the new channels) become
 *       convolutions with the identity and norms that change nothing.
 * </ul>
 *
 * <p>In training the norms of type A's shortcuts use batch statistics, so that they are no longer
 * the identity; and MedicalNet dilates the last two stages where {@code ResNet3d} strides, as
 * MONAI's loading of MedicalNet does.
 */
final class ResNetWeights {
  private static final double NORM_EPSILON = 1e-5; // of ResNet3d's batch norms
  private static final String STEM = "conv1.weight";
  private static final List<String> HEADS = List.of("fc.", "conv_seg.");

  private ResNetWeights() {}

  static Map<String, NDArray> toEncoder(
      ResNet3dConfig config, Map<String, NDArray> tensors, String source) throws IOException {
    String prefix = Prefixes.of(tensors.keySet(), STEM, source, "3D ResNet");
    Map<String, NDArray> out = new LinkedHashMap<>();
    tensors.forEach(
        (name, array) -> {
          String own = name.startsWith(prefix) ? name.substring(prefix.length()) : "";
          if (!own.isEmpty()
              && !own.endsWith("num_batches_tracked")
              && HEADS.stream().noneMatch(own::startsWith)) {
            out.put(own, array);
          }
        });
    out.computeIfPresent(STEM, (name, kernel) -> grey(kernel));
    foldBiases(out);
    if (out.keySet().stream().noneMatch(n -> n.contains(".downsample."))) {
      addIdentityShortcuts(config, out);
    }
    return out;
  }

  /** {@code (C, channels, …)} to {@code (C, 1, …)}. */
  static NDArray grey(NDArray kernel) {
    Shape shape = kernel.getShape();
    return shape.dimension() > 1 && shape.get(1) > 1 ? kernel.sum(new int[] {1}, true) : kernel;
  }

  private static void foldBiases(Map<String, NDArray> tensors) {
    for (String name : List.copyOf(tensors.keySet())) {
      String norm = name.endsWith(".bias") ? normAfter(name) : name;
      NDArray mean = tensors.get(norm + ".running_mean");
      if (mean != null) {
        tensors.put(norm + ".running_mean", mean.sub(tensors.remove(name)));
      }
    }
  }

  /** The norm behind a convolution's bias; for another bias, a name that is not a norm's. */
  private static String normAfter(String bias) {
    return bias.replaceFirst("(^|\\.)conv(\\d)\\.bias$", "$1bn$2")
        .replaceFirst("downsample\\.0\\.bias$", "downsample.1");
  }

  private static void addIdentityShortcuts(ResNet3dConfig config, Map<String, NDArray> tensors) {
    int expansion = config.block().expansion();
    int inputs = config.widths().get(0);
    for (int stage = 0; stage < config.widths().size(); stage++) {
      int outputs = config.widths().get(stage) * expansion;
      if (stage > 0 || inputs != outputs) {
        NDManager manager = tensors.values().iterator().next().getManager();
        String name = "layer" + (stage + 1) + ".0.downsample.";
        tensors.put(
            name + "0.weight",
            manager.eye(outputs, inputs, 0, DataType.FLOAT32).reshape(outputs, inputs, 1, 1, 1));
        Shape each = new Shape(outputs);
        float scale = (float) Math.sqrt(1 + NORM_EPSILON);
        tensors.put(name + "1.weight", manager.full(each, scale));
        tensors.put(name + "1.bias", manager.zeros(each));
        tensors.put(name + "1.running_mean", manager.zeros(each));
        tensors.put(name + "1.running_var", manager.ones(each));
      }
      inputs = outputs;
    }
  }
}
