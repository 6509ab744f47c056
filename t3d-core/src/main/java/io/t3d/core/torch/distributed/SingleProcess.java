package io.t3d.core.torch.distributed;

import ai.djl.ndarray.NDArray;
import java.util.List;
import java.util.Optional;

/** The group of one worker. */
final class SingleProcess implements ProcessGroup {
  static final ProcessGroup GROUP = new SingleProcess();

  private SingleProcess() {}

  @Override
  public int rank() {
    return 0;
  }

  @Override
  public int size() {
    return 1;
  }

  @Override
  public void allReduceSum(NDArray array) {}

  @Override
  public void broadcast(NDArray array, int root) {
    if (root != 0) {
      throw new IllegalArgumentException("root must be 0 in a group of one, got " + root);
    }
  }

  @Override
  public NDArray allGather(NDArray array) {
    return array.stopGradient().duplicate().expandDims(0);
  }

  @Override
  public NDArray reduceScatter(NDArray array) {
    return array.stopGradient().duplicate();
  }

  @Override
  public List<String> allGather(String text) {
    return List.of(text);
  }

  @Override
  public void barrier() {}

  @Override
  public Traffic traffic() {
    return new Traffic(0, 0, 0);
  }

  @Override
  public Optional<PeerLostException> lost() {
    return Optional.empty();
  }

  @Override
  public void fail(String why) {}

  @Override
  public void close() {}
}
