package io.t3d.core.internal;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import java.util.function.UnaryOperator;

/**
 * Second handles to arrays, and steps that free what they made on the way.
 *
 * <p>DJL gives the result of an operation to the manager of its first operand and frees it only
 * with that manager. So a chain that starts at a parameter would pile up in the model's manager,
 * and the intermediates of a whole network would live until the batch ends. Autograd keeps what the
 * backward pass needs by itself: freeing handles early is right in training too.
 */
public final class Scopes {
  private Scopes() {}

  /**
   * A view of the same memory that belongs to another manager; gradients flow through it.
   *
   * @param array stays open and where it is
   * @param manager owns the view
   */
  public static NDArray handle(NDArray array, NDManager manager) {
    NDArray view = array.reshape(array.getShape());
    view.attach(manager);
    return view;
  }

  /**
   * Runs steps whose intermediates are freed at the end.
   *
   * @param x stays open
   * @param steps start their chains at the handle that they are given
   * @return the steps' result; owned by the manager of {@code x}
   */
  public static NDArray within(NDArray x, UnaryOperator<NDArray> steps) {
    NDManager owner = x.getManager();
    try (NDManager scope = owner.newSubManager()) {
      NDArray result = steps.apply(handle(x, scope));
      result.attach(owner);
      return result;
    }
  }
}
