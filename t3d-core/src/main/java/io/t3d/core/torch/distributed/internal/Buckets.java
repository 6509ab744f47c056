package io.t3d.core.torch.distributed.internal;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.t3d.core.torch.TorchBridge;
import io.t3d.core.torch.distributed.ProcessGroup;
import io.t3d.core.torch.internal.GradientSlot;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.function.Predicate;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;

/** Many arrays in a few large calls, since each call between workers costs its latency. */
public final class Buckets {
  private static final long ELEMENTS = 8 << 20; // 32 MiB of float32

  /** Buckets that travel at a time, beside the one that is filled or emptied. */
  private static final int UNDERWAY = 2;

  private Buckets() {}

  /** Gradients of weights, one after another, that are being summed. */
  private record Underway(List<NDArray> weights, NDArray sum, ProcessGroup.Pending pending) {}

  /**
   * Puts the sum of all workers' gradients into each. A weight that no worker's backward pass has
   * reached keeps none.
   *
   * @param scope for what travels
   * @param weights float32, in the same order in all workers
   * @param counts which gradients of this worker count; others are freed
   */
  public static void sumGradients(
      ProcessGroup group, NDManager scope, List<NDArray> weights, Predicate<NDArray> counts) {
    long[] filled = new long[weights.size()];
    for (int i = 0; i < filled.length; i++) {
      NDArray weight = weights.get(i);
      if (!counts.test(weight)) {
        GradientSlot.free(weight);
      }
      filled[i] = GradientSlot.isFilled(weight) ? 1 : 0;
    }
    long[] anywhere;
    try (NDArray flags = scope.create(filled)) {
      group.allReduceSum(flags);
      anywhere = flags.toLongArray();
    }
    Deque<Underway> travelling = new ArrayDeque<>();
    List<NDArray> bucket = new ArrayList<>();
    long elements = 0;
    for (int i = 0; i < filled.length; i++) {
      if (anywhere[i] > 0) {
        bucket.add(weights.get(i));
        elements += weights.get(i).size();
        if (elements >= ELEMENTS) {
          travelling.add(begin(group, scope, List.copyOf(bucket)));
          if (travelling.size() > UNDERWAY) {
            end(travelling.remove());
          }
          bucket.clear();
          elements = 0;
        }
      }
    }
    if (!bucket.isEmpty()) {
      travelling.add(begin(group, scope, bucket));
    }
    travelling.forEach(Buckets::end);
  }

  private static Underway begin(ProcessGroup group, NDManager scope, List<NDArray> weights) {
    List<Tensor> rows = new ArrayList<>();
    for (NDArray weight : weights) {
      Tensor tensor = TorchBridge.borrow(weight);
      try (Tensor gradient = tensor.grad();
          Tensor detached = tensor.detach()) {
        if (gradient.defined()) {
          try (Tensor alone = gradient.detach()) { // left open it would keep the gradient's memory
            rows.add(alone.flatten());
          }
        } else {
          rows.add(detached.new_zeros(weight.size()));
        }
      }
      GradientSlot.free(weight); // now in the row, or a part of it
    }
    NDArray sum = joined(scope, rows);
    return new Underway(weights, sum, group.beginAllReduceSum(sum));
  }

  private static void end(Underway bucket) {
    try (NDArray sum = bucket.sum()) {
      bucket.pending().await();
      long from = 0;
      for (NDArray weight : bucket.weights()) {
        Tensor tensor = TorchBridge.borrow(weight);
        try (Tensor part = TorchBridge.borrow(sum).narrow(0, from, weight.size());
            Tensor shaped = part.view(tensor.shape())) {
          if (tensor.is_contiguous()) {
            tensor.mutable_grad().put(shaped);
          } else {
            try (Tensor detached = tensor.detach();
                Tensor alike = torch.empty_like(detached)) {
              alike.copy_(shaped); // the optimizer wants the weight's strides
              tensor.mutable_grad().put(alike);
            }
          }
        }
        from += weight.size();
      }
    }
  }

  private static NDArray joined(NDManager scope, List<Tensor> rows) {
    try (TensorVector list = new TensorVector()) {
      rows.forEach(list::push_back);
      NDArray joined = TorchBridge.own(scope, torch.cat(list, 0));
      rows.forEach(Tensor::close);
      return joined;
    }
  }

  /**
   * Gives all workers the values of rank 0. Call it where no gradient is recorded.
   *
   * @param scope for what travels
   * @param arrays float32, in the same order in all workers
   */
  public static void broadcast(ProcessGroup group, NDManager scope, List<NDArray> arrays) {
    travel(scope, arrays, sum -> group.broadcast(sum, 0));
  }

  /**
   * Gives all workers the mean of their values. Call it where no gradient is recorded.
   *
   * @param scope for what travels
   * @param arrays float32, in the same order in all workers
   */
  public static void mean(ProcessGroup group, NDManager scope, List<NDArray> arrays) {
    travel(
        scope,
        arrays,
        sum -> {
          group.allReduceSum(sum);
          Tensor all = TorchBridge.borrow(sum);
          try (Scalar size = new Scalar((double) group.size())) {
            all.div_(size);
          }
        });
  }

  /** What is done to many arrays as one. */
  private interface Journey {
    void of(NDArray joined);
  }

  private static void travel(NDManager scope, List<NDArray> arrays, Journey journey) {
    List<NDArray> bucket = new ArrayList<>();
    long elements = 0;
    for (NDArray array : arrays) {
      bucket.add(array);
      elements += array.size();
      if (elements >= ELEMENTS) {
        travelBucket(scope, bucket, journey);
        bucket.clear();
        elements = 0;
      }
    }
    travelBucket(scope, bucket, journey);
  }

  private static void travelBucket(NDManager scope, List<NDArray> arrays, Journey journey) {
    if (arrays.isEmpty()) {
      return;
    }
    List<Tensor> rows = new ArrayList<>();
    for (NDArray array : arrays) {
      try (Tensor detached = TorchBridge.borrow(array).detach()) {
        rows.add(detached.flatten());
      }
    }
    try (NDArray joined = joined(scope, rows)) {
      journey.of(joined);
      long from = 0;
      for (NDArray array : arrays) {
        try (Tensor own = TorchBridge.borrow(array).detach();
            Tensor part = TorchBridge.borrow(joined).narrow(0, from, array.size());
            Tensor shaped = part.view(own.shape())) {
          own.copy_(shaped);
        }
        from += array.size();
      }
    }
  }
}
