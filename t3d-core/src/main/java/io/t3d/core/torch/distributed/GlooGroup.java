package io.t3d.core.torch.distributed;

import ai.djl.ndarray.NDArray;
import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import io.t3d.core.T3dException;
import io.t3d.core.torch.TorchBridge;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import org.bytedeco.pytorch.AllgatherOptions;
import org.bytedeco.pytorch.AllreduceOptions;
import org.bytedeco.pytorch.BroadcastOptions;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.ProcessGroupGloo;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.Work;
import org.bytedeco.pytorch.global.torch;
import org.bytedeco.pytorch.global.torch.ScalarType;
import org.bytedeco.pytorch.gloo.Device;
import org.jspecify.annotations.Nullable;

/** libtorch's {@code ProcessGroupGloo}. */
final class GlooGroup implements ProcessGroup {
  private static final String GLOO = "_ZN4c10d16ProcessGroupGloo";
  private static final String POINTER =
      "N3c1013intrusive_ptrINS_5StoreENS1_6detail34intrusive_target_default_null_typeIS3_EEEE";
  private static final String MAKE = "C1ERK" + POINTER + "iiNS2_INS0_7OptionsENS5_ISA_EEEE";
  private static final String MAKE_OPTIONS =
      "7OptionsC1ENSt6chrono8durationIlSt5ratioILl1ELl1000EEEE";
  private static final String ALL_REDUCE =
      "9allreduceERSt6vectorIN2at6TensorESaIS3_EERKNS_16AllreduceOptionsE";
  private static final String BROADCAST =
      "9broadcastERSt6vectorIN2at6TensorESaIS3_EERKNS_16BroadcastOptionsE";
  private static final String ALL_GATHER =
      "15_allgather_baseERN2at6TensorES3_RKNS_16AllgatherOptionsE";

  private static final int CAPSULE = 22; // c10::IValue::Tag::Capsule: any counted object
  private static final long ROOM = 32_768; // more than the class has
  private static final long STORE_MILLIS = 20_000;
  private static final long GRACE_MILLIS = 3_000;

  /** Groups whose native threads may use their memory: also those that nobody has closed. */
  private static final Set<GlooGroup> OPEN = ConcurrentHashMap.newKeySet();

  private final Rendezvous rendezvous;
  private final NativeStore store;
  private final PeerWatch watch;
  private final Memory group;

  @SuppressWarnings("unused")
  private final List<Object> kept; // memory that the native objects refer to

  private final Pointer allReduce = NativeCall.function(GLOO + ALL_REDUCE);
  private final Pointer broadcast = NativeCall.function(GLOO + BROADCAST);
  private final Pointer allGather = NativeCall.function(GLOO + ALL_GATHER);
  private long bytes;
  private long nanos;
  private long calls;
  private boolean closed;

  private GlooGroup(
      Rendezvous rendezvous, NativeStore store, PeerWatch watch, Memory group, List<Object> kept) {
    this.rendezvous = rendezvous;
    this.store = store;
    this.watch = watch;
    this.group = group;
    this.kept = kept;
    OPEN.add(this);
  }

  static GlooGroup join(Rendezvous rendezvous) {
    requirePlatform();
    InetAddress own = Addresses.own(rendezvous);
    NativeStore store = open(rendezvous);
    try {
      Admission.await(store, rendezvous);
    } catch (T3dException e) {
      letOthersRead(rendezvous);
      inBackground(store::close);
      throw e;
    } catch (RuntimeException e) {
      inBackground(store::close);
      throw unreachable(rendezvous, e);
    }
    store.timeout(STORE_MILLIS);
    PeerWatch watch = new PeerWatch(store, rendezvous);
    try {
      List<Object> kept = new ArrayList<>();
      Memory group =
          within(
              () -> connect(rendezvous, store, own, kept),
              rendezvous.joinTimeout().toMillis(),
              watch);
      GlooGroup made = new GlooGroup(rendezvous, store, watch, group, kept);
      made.barrier();
      return made;
    } catch (T3dException e) {
      throw e;
    } catch (RuntimeException e) {
      throw new T3dException(
          T3dException.Kind.ENVIRONMENT,
          "The workers cannot be connected over "
              + own.getHostAddress()
              + ": "
              + watch.findOut(firstLine(e))
              + "; name a network interface on which all reach each other with --interface",
          e);
    }
  }

  private static void requirePlatform() {
    String os = System.getProperty("os.name");
    String arch = System.getProperty("os.arch");
    if (!os.toLowerCase(Locale.ROOT).contains("linux") || !arch.equals("amd64")) {
      throw new T3dException(
          T3dException.Kind.ENVIRONMENT,
          "Training by several workers needs Linux on x86-64, got " + os + " on " + arch);
    }
    TorchBridge.require("Training by several workers");
  }

  private static NativeStore open(Rendezvous rendezvous) {
    if (rendezvous.file().isPresent()) {
      try {
        return NativeStore.file(rendezvous.file().get(), rendezvous.size());
      } catch (T3dException e) {
        throw e;
      } catch (RuntimeException e) {
        throw unreachable(rendezvous, e);
      }
    }
    InetAddress host = Addresses.of(rendezvous.host());
    int port = rendezvous.port();
    boolean first = rendezvous.rank() == 0;
    Optional<Integer> socket =
        first ? Optional.of(ListeningSocket.open(host, port)) : Optional.empty();
    long millis = rendezvous.joinTimeout().toMillis();
    try {
      return within(
          () -> NativeStore.tcp(host.getHostAddress(), port, socket, millis), millis + 2000, null);
    } catch (T3dException e) {
      throw e;
    } catch (RuntimeException e) {
      throw unreachable(rendezvous, e);
    }
  }

  private static T3dException unreachable(Rendezvous rendezvous, RuntimeException e) {
    return new T3dException(
        T3dException.Kind.ENVIRONMENT,
        "The workers' rendezvous "
            + rendezvous.place()
            + " cannot be reached by worker "
            + rendezvous.rank()
            + " ("
            + firstLine(e)
            + "); is rank 0 started, and is --rendezvous its machine and port?",
        e);
  }

  /** What rank 0 has written down goes with it: the others look every few milliseconds. */
  private static void letOthersRead(Rendezvous rendezvous) {
    if (rendezvous.rank() == 0) {
      try {
        Thread.sleep(1000);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private static Memory connect(
      Rendezvous rendezvous, NativeStore store, InetAddress own, List<Object> kept) {
    Memory options = new Memory(4096);
    options.clear();
    NativeCall.run(
        NativeCall.function(GLOO + MAKE_OPTIONS), options, rendezvous.timeout().toMillis());
    NativeStore.keepAlive(options);
    Device device = ProcessGroupGloo.createDeviceForHostname(own.getHostAddress());
    new ProcessGroupGloo.Options(new NativeCall.Address(options)).devices().push_back(device);
    Memory group = new Memory(ROOM);
    group.clear();
    Memory toStore = new Memory(8);
    toStore.setPointer(0, store.address());
    Memory toOptions = new Memory(8);
    toOptions.setPointer(0, options);
    kept.addAll(List.of(options, device, toStore, toOptions));
    NativeCall.run(
        NativeCall.function(GLOO + MAKE),
        group,
        toStore,
        (long) rendezvous.rank(),
        (long) rendezvous.size(),
        toOptions);
    NativeStore.keepAlive(group);
    return group;
  }

  /** Runs what may hang in native code on a thread of its own, which is left there then. */
  private static <T> T within(Callable<T> task, long millis, @Nullable PeerWatch watch) {
    FutureTask<T> future = new FutureTask<>(task);
    Thread thread = new Thread(future, "t3d-join");
    thread.setDaemon(true);
    thread.start();
    long end = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(millis);
    while (true) {
      try {
        return future.get(200, TimeUnit.MILLISECONDS);
      } catch (TimeoutException e) {
        if (System.nanoTime() > end) {
          throw new IllegalStateException("no answer for " + millis / 1000 + " s", e);
        }
        if (watch != null && watch.verdict().isPresent()) {
          throw lost(watch.verdict().get(), e);
        }
      } catch (ExecutionException e) {
        if (e.getCause() instanceof RuntimeException cause) {
          throw cause;
        }
        throw new IllegalStateException(e.getCause());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new IllegalStateException("interrupted", e);
      }
    }
  }

  private static void inBackground(Runnable task) {
    Thread thread = new Thread(task, "t3d-leave");
    thread.setDaemon(true);
    thread.start();
    try {
      thread.join(GRACE_MILLIS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** libtorch appends where in its sources it was. */
  private static String firstLine(Throwable e) {
    String text = e.getMessage() == null ? e.toString() : e.getMessage();
    String line = text.lines().findFirst().orElse(text).strip();
    line = line.replaceFirst("^\\[[^\\]]*\\] ", "").replaceFirst("\\.$", "");
    return line.length() > 200 ? line.substring(0, 200) + "…" : line;
  }

  private static T3dException lost(String why, Exception e) {
    return new PeerLostException(
        "Training by several workers stops: "
            + why
            + ". Start all of them again with --resume, which goes on from the last checkpoint",
        e);
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
  public void allReduceSum(NDArray array) {
    inPlace(array, this::sum);
  }

  /**
   * Sums a tensor on the host.
   *
   * @param tensor contiguous; changed
   */
  void sum(Tensor tensor) {
    try (TensorVector list = new TensorVector(tensor);
        AllreduceOptions options = new AllreduceOptions()) {
      run(allReduce, 2.0 * (size() - 1) / size() * sizeOf(tensor), at(list), at(options));
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

  /** Starts an operation and waits for its end, or for that of another worker. */
  private void run(Pointer operation, double sent, Pointer... arguments) {
    if (closed) {
      throw new IllegalStateException("The group of workers is closed");
    }
    if (watch.verdict().isPresent()) {
      throw lost(watch.verdict().get(), null);
    }
    long begin = System.nanoTime();
    try (Memory slot = new Memory(8)) {
      slot.clear();
      Object[] all = new Object[2 + arguments.length];
      all[0] = slot;
      all[1] = group;
      System.arraycopy(arguments, 0, all, 2, arguments.length);
      NativeCall.run(operation, all);
      Pointer work = slot.getPointer(0);
      await(new Work(new NativeCall.Address(work)));
      release(work);
    } catch (T3dException e) {
      throw e;
    } catch (RuntimeException e) {
      throw lost(watch.findOut(firstLine(e)), e);
    } finally {
      bytes += (long) sent;
      nanos += System.nanoTime() - begin;
      calls++;
    }
  }

  private void await(Work work) {
    long begin = System.nanoTime();
    long ended = 0; // when another worker's end was known
    while (!work.isCompleted()) {
      long now = System.nanoTime();
      long waited = now - begin;
      if (waited < 20_000) {
        Thread.onSpinWait();
        continue;
      }
      LockSupport.parkNanos(
          waited < 5_000_000 ? 30_000 : waited < 500_000_000 ? 200_000 : 1_000_000);
      if (waited > 1_000_000_000 && watch.verdict().isPresent()) {
        ended = ended == 0 ? now : ended;
        if (now - ended > GRACE_MILLIS * 1_000_000) {
          throw lost(watch.verdict().get(), null); // its work is left: nothing ends it
        }
      }
    }
    work._wait(); // throws what went wrong
  }

  /** Gives up the reference that was returned, so that tensors which the work holds are freed. */
  private static void release(Pointer work) {
    IValue holder = new IValue();
    Pointer memory = at(holder);
    memory.setInt(8, CAPSULE);
    if (!holder.isCapsule()) {
      memory.setInt(8, 0);
      throw new IllegalStateException("This libtorch numbers the kinds of its values otherwise");
    }
    memory.setPointer(0, work);
    holder.deallocate(); // counts down, and frees at zero
  }

  @Override
  public Traffic traffic() {
    return new Traffic(bytes, nanos / 1e9, calls);
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
    destroy();
  }

  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    watch.close();
    destroy();
  }

  private void destroy() {
    inBackground(
        () -> {
          NativeCall.run(NativeCall.function(GLOO + "D1Ev"), group);
          store.close();
          OPEN.remove(this);
        });
  }
}
