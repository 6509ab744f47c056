package io.t3d.core.torch.distributed;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import com.sun.jna.Pointer;
import io.t3d.core.torch.TorchBridge;
import io.t3d.core.torch.internal.TensorSums;
import java.util.List;
import java.util.Optional;
import org.bytedeco.pytorch.AllgatherOptions;
import org.bytedeco.pytorch.AllreduceOptions;
import org.bytedeco.pytorch.BroadcastOptions;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;

/** libtorch's {@code ProcessGroupGloo}. */
final class GlooGroup implements ProcessGroup, TensorSums {
  private static final String ALL_REDUCE =
      "9allreduceERSt6vectorIN2at6TensorESaIS3_EERKNS_16AllreduceOptionsE";
  private static final String BROADCAST =
      "9broadcastERSt6vectorIN2at6TensorESaIS3_EERKNS_16BroadcastOptionsE";
  private static final String ALL_GATHER =
      "15_allgather_baseERN2at6TensorES3_RKNS_16AllgatherOptionsE";

  private final Rendezvous rendezvous;
  private final NativeGloo gloo;
  private final PeerWatch watch;
  private final GlooCalls calls;
  private final Pointer allReduce = NativeCall.function(NativeGloo.CLASS + ALL_REDUCE);
  private final Pointer broadcast = NativeCall.function(NativeGloo.CLASS + BROADCAST);
  private final Pointer allGather = NativeCall.function(NativeGloo.CLASS + ALL_GATHER);
  private boolean closed;

  /** A group whose workers are connected; it closes what it is made of. */
  GlooGroup(Rendezvous rendezvous, NativeGloo gloo, PeerWatch watch) {
    this.rendezvous = rendezvous;
    this.gloo = gloo;
    this.watch = watch;
    this.calls = new GlooCalls(gloo.group(), watch, rendezvous.timeout());
  }

  @Override
  public int rank() {
    return rendezvous.rank();
  }

  @Override
  public int size() {
    return rendezvous.size();
  }

  @Override
  public void requireDevice(Device device) {
    if (device.isGpu() && rendezvous.backend().isEmpty()) {
      throw Rendezvous.noNccl("Several workers on GPUs need NCCL");
    }
  }

  @Override
  public void allReduceSum(NDArray array) {
    inPlace(array, this::sum);
  }

  @Override
  public Pending beginAllReduceSum(NDArray array) {
    requireType(array);
    try (Tensor own = TorchBridge.borrow(array).detach()) {
      if (!own.is_contiguous() || own.is_cuda()) {
        allReduceSum(array);
        return () -> {};
      }
      requireOpen();
      try (TensorVector list = new TensorVector(own); // the work has copies of both
          AllreduceOptions options = new AllreduceOptions()) {
        return calls.start(allReduce, sentBySum(own), at(list), at(options));
      }
    }
  }

  private double sentBySum(Tensor tensor) {
    return 2.0 * (size() - 1) / size() * sizeOf(tensor);
  }

  @Override
  public void sum(Tensor tensor) {
    try (TensorVector list = new TensorVector(tensor);
        AllreduceOptions options = new AllreduceOptions()) {
      run(allReduce, sentBySum(tensor), at(list), at(options));
    }
  }

  @Override
  public void broadcast(NDArray array, int root) {
    if (root < 0 || root >= size()) {
      throw new IllegalArgumentException("root must be in [0, " + size() + "), got " + root);
    }
    inPlace(
        array,
        tensor -> {
          try (TensorVector list = new TensorVector(tensor);
              BroadcastOptions options = new BroadcastOptions()) {
            options.rootRank(root);
            run(broadcast, sizeOf(tensor), at(list), at(options));
          }
        });
  }

  @Override
  public NDArray allGather(NDArray array) {
    requireType(array);
    Tensor borrowed = TorchBridge.borrow(array);
    try (Tensor detached = borrowed.detach();
        Tensor host = detached.cpu();
        Tensor own = host.flatten(); // (n), contiguous
        Tensor out = own.new_empty(size() * own.numel())) { // (R·n)
      gather(own, out);
      long[] shape = borrowed.shape();
      long[] all = new long[shape.length + 1];
      all[0] = size();
      System.arraycopy(shape, 0, all, 1, shape.length);
      NDArray gathered = TorchBridge.own(array.getManager(), out.reshape(all)); // (R, …)
      if (gathered.getDevice().equals(array.getDevice())) {
        return gathered;
      }
      try (gathered) {
        return gathered.toDevice(array.getDevice(), true);
      }
    }
  }

  @Override
  public List<String> allGather(String text) {
    return Texts.allGather(this, text);
  }

  /**
   * Gathers tensors on the host.
   *
   * @param own {@code (n)}, contiguous
   * @param all {@code (R·n)}, written
   */
  void gather(Tensor own, Tensor all) {
    try (AllgatherOptions options = new AllgatherOptions()) {
      run(allGather, (size() - 1.0) * sizeOf(own), at(all), at(own), at(options));
    }
  }

  @Override
  public NDArray reduceScatter(NDArray array) {
    requireType(array);
    long rows = array.getShape().dimension() == 0 ? 0 : array.getShape().get(0);
    if (rows == 0 || rows % size() != 0) {
      throw new IllegalArgumentException(
          "array must be (R·n, …) with R = " + size() + " workers, got " + array.getShape());
    }
    // Gloo has no such operation of its own: libtorch, too, sums all and takes a part.
    long n = rows / size();
    try (Tensor detached = TorchBridge.borrow(array).detach();
        Tensor copy = detached.clone()) {
      NDArray sum = TorchBridge.own(array.getManager(), copy);
      try (sum) {
        allReduceSum(sum);
        try (Tensor part = TorchBridge.borrow(sum).narrow(0, rank() * n, n)) {
          return TorchBridge.own(array.getManager(), part.clone());
        }
      }
    }
  }

  @Override
  public void barrier() {
    try (Tensor nothing = torch.zeros(1)) {
      sum(nothing);
    }
  }

  /** What is done to an array's tensor. */
  private interface Change {
    void of(Tensor contiguousOnTheHost);
  }

  private static void inPlace(NDArray array, Change change) {
    requireType(array);
    Tensor borrowed = TorchBridge.borrow(array);
    try (Tensor own = borrowed.detach()) {
      if (own.is_contiguous() && !own.is_cuda()) {
        change.of(own);
        return;
      }
      try (Tensor host = own.cpu();
          Tensor copy = host.contiguous()) {
        change.of(copy);
        own.copy_(copy);
      }
    }
  }

  private static void requireType(NDArray array) {
    ScalarType type = TorchBridge.borrow(array).scalar_type().intern();
    if (type != ScalarType.Float
        && type != ScalarType.BFloat16
        && type != ScalarType.Long
        && type != ScalarType.Byte) {
      throw new IllegalArgumentException(
          "array must be float32, bfloat16, int64 or uint8 to travel between workers, got " + type);
    }
  }

  private static double sizeOf(Tensor tensor) {
    return (double) tensor.numel() * tensor.element_size();
  }

  private static Pointer at(org.bytedeco.javacpp.Pointer object) {
    return new Pointer(object.address());
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("The group of workers is closed");
    }
  }

  private void run(Pointer operation, double sent, Pointer... arguments) {
    requireOpen();
    calls.run(operation, sent, arguments);
  }

  @Override
  public Traffic traffic() {
    return calls.traffic();
  }

  @Override
  public Optional<PeerLostException> lost() {
    return calls.lost();
  }

  @Override
  public void fail(String why) {
    if (!closed) {
      watch.fail(why.lines().findFirst().orElse(why));
    }
  }

  /** For tests: all connections break, as when the process is killed. */
  void vanish() {
    closed = true;
    watch.vanish();
    gloo.close();
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    watch.close();
    gloo.close();
  }
}
