package io.t3d.core.torch.distributed.internal;

import ai.djl.ndarray.NDArray;
import io.t3d.core.torch.TorchBridge;
import io.t3d.core.torch.distributed.ProcessGroup;
import io.t3d.core.torch.internal.TensorSums;
import io.t3d.core.torch.internal.WrittenGradient;
import java.util.List;
import java.util.Optional;
import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Tensor;

/**
 * A scope, on this thread, in which batch norms take their statistics from the batches of all
 * workers.
 */
public final class SyncedNorms implements AutoCloseable {
  private static final ThreadLocal<ProcessGroup> OPEN = new ThreadLocal<>();

  private SyncedNorms() {}

  /** Opens the scope. */
  public static SyncedNorms open(ProcessGroup group) {
    OPEN.set(group);
    return new SyncedNorms();
  }

  /** The workers whose statistics count; empty outside such a scope. */
  public static Optional<ProcessGroup> group() {
    return Optional.ofNullable(OPEN.get()).filter(group -> group.size() > 1);
  }

  @Override
  public void close() {
    OPEN.remove();
  }

  /**
   * The arrays of all workers with their gradient: what the losses of all workers have to say to
   * this worker's array comes back in the backward pass, by an all-reduce.
   *
   * @param array {@code (n)}, float32
   * @return {@code (R, n)}, owned by the manager of the array
   */
  public static NDArray allGather(ProcessGroup group, NDArray array) {
    NDArray all = group.allGather(array); // (R, n)
    try (PointerScope temporaries = new PointerScope()) {
      Tensor own = TorchBridge.borrow(array);
      if (!own.requires_grad()) {
        return all;
      }
      Tensor value = TorchBridge.borrow(all);
      Tensor tied =
          WrittenGradient.of(List.of(own), value, new Reduced(group.rank(), (TensorSums) group));
      NDArray out = TorchBridge.own(array.getManager(), tied);
      all.close();
      return out;
    }
  }

  /**
   * The backward pass: the sum over all workers of the gradient of this worker's row.
   *
   * @param rank of this worker
   * @param workers several
   */
  private record Reduced(int rank, TensorSums workers) implements WrittenGradient.Backward {
    @Override
    public List<Tensor> run(Tensor gradient) {
      Tensor all = gradient.cpu().contiguous().clone(); // (R, n)
      workers.sum(all);
      Tensor own = all.select(0, rank);
      return List.of(gradient.is_cuda() ? gradient.new_empty(own.shape()).copy_(own) : own);
    }

    @Override
    public void close() {
      // nothing is kept
    }
  }
}
