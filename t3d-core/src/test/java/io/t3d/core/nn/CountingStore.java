package io.t3d.core.nn;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.nn.Parameter;
import ai.djl.training.ParameterStore;

/** Notes, each time a weight is asked for, how many arrays a manager holds. */
public final class CountingStore extends ParameterStore {
  private final NDManager watched;
  private int peak;

  public CountingStore(NDManager watched) {
    super(watched, false);
    this.watched = watched;
  }

  @Override
  public NDArray getValue(Parameter parameter, Device device, boolean training) {
    peak = Math.max(peak, watched.getManagedArrays().size());
    return super.getValue(parameter, device, training);
  }

  public int peak() {
    return peak;
  }
}
