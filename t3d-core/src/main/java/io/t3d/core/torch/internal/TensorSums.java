package io.t3d.core.torch.internal;

import org.bytedeco.pytorch.Tensor;

/** What sums tensors over all workers: a process group of several, seen from a backward pass. */
public interface TensorSums {
  /**
   * Puts the sum over all workers into the tensor of each, on the host.
   *
   * @param tensor contiguous; changed
   */
  void sum(Tensor tensor);
}
