package io.t3d.core.internal.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.nn.Parameter;
import ai.djl.nn.core.Linear;
import ai.djl.training.ParameterStore;
import ai.djl.util.PairList;
import io.t3d.core.torch.Autocast;
import io.t3d.core.torch.TorchBridge;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;

/**
 * A linear layer as one operation of libtorch, as PyTorch has it. DJL's is a product with the
 * weight's transpose and a sum: on a GPU that is a kernel more for each layer, and in autocast the
 * transpose, which is no weight of its own, is cast at each use, where the weight itself is cast
 * once and kept.
 *
 * <p>In float32 on a CPU neither counts, and DJL's form stays: its last bit may differ.
 */
public final class FusedLinear {
  private FusedLinear() {}

  /** Whether it is the better form for an input: on a GPU, and in autocast. */
  public static boolean pays(NDArray x) {
    return TorchBridge.available() && (x.getDevice().isGpu() || Autocast.isEnabled(x.getDevice()));
  }

  /**
   * Runs the layer. Needs the {@linkplain TorchBridge bridge}.
   *
   * @param linear initialised
   * @param parameters where the weights come from
   * @param x {@code (…, C)}
   * @return {@code (…, O)}, bfloat16 in autocast; owned by the manager of x
   */
  public static NDArray run(Linear linear, ParameterStore parameters, NDArray x, boolean training) {
    PairList<String, Parameter> own = linear.getDirectParameters();
    Tensor input = TorchBridge.borrow(x);
    Tensor weight = tensor(parameters, own.get("weight"), x, training);
    Parameter bias = own.contains("bias") ? own.get("bias") : null;
    // The presets' forms without an optional are those of torch::nn, which are like DJL's.
    try (TensorOptional optional =
        bias == null
            ? new TensorOptional()
            : new TensorOptional(tensor(parameters, bias, x, training))) {
      return TorchBridge.own(x.getManager(), torch.linear(input, weight, optional));
    }
  }

  private static Tensor tensor(
      ParameterStore parameters, Parameter parameter, NDArray x, boolean training) {
    return TorchBridge.borrow(parameters.getValue(parameter, x.getDevice(), training));
  }
}
