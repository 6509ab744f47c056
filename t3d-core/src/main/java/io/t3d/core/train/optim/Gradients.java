package io.t3d.core.train.optim;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import ai.djl.nn.Parameter;
import io.t3d.core.torch.internal.GradientSlot;
import io.t3d.core.torch.internal.TensorLists;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;

/** The gradients of one step, held by that step's manager without a copy. */
public final class Gradients {
  private final Map<String, NDArray> byName = new TreeMap<>();

  private Gradients() {}

  /** Takes the gradients that backward passes have summed up. */
  public static Gradients collect(NDManager scope, Map<String, Parameter> parameters) {
    Gradients out = new Gradients();
    parameters.forEach(
        (name, parameter) -> {
          if (GradientSlot.isFilled(parameter.getArray())) {
            NDArray gradient = parameter.getArray().getGradient();
            gradient.attach(scope);
            out.byName.put(name, gradient);
          }
        });
    return out;
  }

  /** Frees the gradients of parameters, also where they are not finite. */
  public static void free(Map<String, Parameter> parameters) {
    parameters.values().forEach(parameter -> GradientSlot.free(parameter.getArray()));
  }

  /** The gradient of a parameter; empty when no backward pass reached it. */
  public Optional<NDArray> of(String name) {
    return Optional.ofNullable(byName.get(name));
  }

  /** All of them, in the order of their names. */
  List<NDArray> all() {
    return List.copyOf(byName.values());
  }

  /**
   * The norm of all gradients taken as one vector; NaN or infinite when one of them is.
   *
   * @return {@code (1)}, float32, on their device; 0 where there are no gradients
   */
  NDArray globalNorm(NDManager scope) {
    return byName.isEmpty() ? scope.zeros(new Shape(1)) : TensorLists.norm(scope, all());
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
