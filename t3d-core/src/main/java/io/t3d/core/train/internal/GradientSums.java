package io.t3d.core.train.internal;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import io.t3d.core.torch.TorchBridge;
import io.t3d.core.torch.internal.GradientSlot;
import io.t3d.core.torch.internal.NoGrad;
import io.t3d.core.torch.internal.TensorLists;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Adds up the gradients of several backward passes, all arrays by one operation. Autograd itself
 * adds array by array, which keeps a GPU waiting for the host. The sums of passes are the same to
 * the bit: both add in place, pass by pass. Sums within sums (micro-batches of accumulated batches,
 * or stages of one pass whose activations are computed again) are added in another order.
 *
 * <p>Between two passes there are two sets of gradients, when what a pass has kept for its backward
 * pass is gone already. On a CPU, and without the bridge, nothing is done, and autograd adds.
 */
public final class GradientSums {
  private final NDManager owner;
  private final Map<String, Parameter> parameters;
  private final boolean pays;
  private final Map<String, NDArray> sums = new TreeMap<>();

  /**
   * Starts with no gradients.
   *
   * @param owner of the sums until they are put back
   * @param parameters those that want no gradient are left alone
   * @param pays whether to add here, as on a GPU; else autograd adds
   */
  public GradientSums(NDManager owner, Map<String, Parameter> parameters, boolean pays) {
    this.owner = owner;
    this.parameters = parameters;
    this.pays = pays;
  }

  /** Adds the gradients that are in their slots, and leaves the slots empty. */
  public void take() {
    if (!pays || !TorchBridge.available()) {
      return;
    }
    List<NDArray> before = new ArrayList<>();
    List<NDArray> more = new ArrayList<>();
    parameters.forEach(
        (name, parameter) -> {
          NDArray weight = parameter.getArray();
          if (!parameter.requiresGradient() || !GradientSlot.isFilled(weight)) {
            return;
          }
          NDArray gradient = weight.getGradient();
          gradient.attach(owner);
          GradientSlot.free(weight);
          NDArray sum = sums.putIfAbsent(name, gradient);
          if (sum != null) {
            before.add(sum);
            more.add(gradient);
          }
        });
    try (NoGrad constant = new NoGrad()) {
      TensorLists.add(before, more);
    }
    more.forEach(NDArray::close);
  }

  /** Puts the sums into the slots, as if autograd had added them. */
  public void put() {
    sums.forEach(
        (name, sum) -> {
          GradientSlot.put(parameters.get(name).getArray(), sum);
          sum.close();
        });
    sums.clear();
  }
}
