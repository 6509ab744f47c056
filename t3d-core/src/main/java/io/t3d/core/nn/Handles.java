package io.t3d.core.nn;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;

/**
 * Second handles to arrays. DJL gives the result of an operation to the manager of its first
 * operand, so a chain that starts at a parameter would pile up in the model's manager; started at a
 * handle it is freed with the handle's manager.
 */
public final class Handles {
  private Handles() {}

  /**
   * A view of the same memory that belongs to another manager; gradients flow through it.
   *
   * @param array stays open and where it is
   * @param manager owns the view
   */
  public static NDArray of(NDArray array, NDManager manager) {
    NDArray view = array.reshape(array.getShape());
    view.attach(manager);
    return view;
  }
}
