package io.t3d.core.torch.internal;

import com.google.common.io.Resources;
import com.sun.jna.Callback;
import com.sun.jna.CallbackReference;
import io.t3d.core.torch.TorchBridge;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import org.bytedeco.javacpp.BytePointer;
import org.bytedeco.pytorch.RecordFunction;
import org.bytedeco.pytorch.global.torch;

/**
 * Counts the operations that libtorch runs while it is open, by the hook that PyTorch's profiler
 * uses. On a GPU each costs some ten microseconds of the host, whatever the size of its arrays, so
 * the count says on any machine what a small step costs there.
 *
 * <p>Counted is what computes: an operation that is made of others (a linear layer of a transpose
 * and a product) counts as those, and what makes views or takes memory alone, listed in {@code
 * no-kernel.txt}, counts as nothing. What is made of nothing but writes counts once. {@code
 * _foreach_…} and {@code _fused_…} count once, as they are a few kernels for all their arrays on a
 * GPU; on a CPU they are loops. {@code step_reference.py} counts PyTorch's by the same rule.
 *
 * <p>It also tells after which operations the host waits for the device ({@link #waits}).
 *
 * <p>It sees all threads of the process. One at a time.
 */
public final class OperationCounter implements AutoCloseable {
  private static final String ATEN = "aten::";
  private static final Set<String> NO_KERNEL = noKernel();

  /** What kernels of a CPU do first to their result, and those of a GPU in one go. */
  private static final Set<String> WRITES = Set.of("fill_", "zero_", "copy_");

  /** The host needs their result, so on a GPU it waits until all before them is done. */
  private static final Set<String> WAITS =
      Set.of(
          "_local_scalar_dense",
          "_unique2",
          "bincount",
          "equal",
          "masked_select",
          "nonzero",
          "unique_dim");

  // at::RecordFunctionCallback: two function pointers, a double, ten flags of scopes, three more.
  private static final boolean TIMES = System.getProperty("os.arch").equals("amd64"); // see Start
  private static final int CALLBACK_BYTES = 48;
  private static final int SAMPLING = 16;
  private static final int SCOPES = 24;
  private static final int NEEDS_IDS = SCOPES + 12;

  /** Called by libtorch at the end of each operation. */
  interface End extends Callback {
    /** Takes {@code const RecordFunction&} and the observer's context, which there is none. */
    void invoke(com.sun.jna.Pointer function, com.sun.jna.Pointer context);
  }

  /** Called by libtorch at the start of each operation. */
  interface Start extends Callback {
    /**
     * Takes {@code const RecordFunction&} and returns a {@code std::unique_ptr}, which the ABI of
     * x86-64 does by a place that the caller gives first and gets back.
     */
    com.sun.jna.Pointer invoke(com.sun.jna.Pointer place, com.sun.jna.Pointer function);
  }

  private final Supplier<String> part;
  private final Map<String, Map<String, Integer>> kernels = new TreeMap<>();
  private final Map<String, Integer> waits = new TreeMap<>();
  private final Map<String, Long> nanos = new TreeMap<>();
  private final ThreadLocal<Deque<Running>> running = ThreadLocal.withInitial(ArrayDeque::new);
  private final ThreadLocal<Deque<Ended>> ended = ThreadLocal.withInitial(ArrayDeque::new);
  private final End end = (function, context) -> ended(function); // libtorch holds its address
  private final Start start = this::started; // likewise
  private final Seen record = new Seen();
  private final long handle;
  private int calls;
  private boolean closed;

  /**
   * An operation that has ended, whose caller may not have.
   *
   * @param begun rises in the order in which operations begin
   * @param counted what was counted for it and for those that it is made of
   * @param waits likewise
   */
  private record Ended(long begun, List<Kernel> counted, List<String> waits) {}

  /** An operation that has not ended. */
  private static final class Running {
    private final long began;
    private long inOthers; // nanoseconds in those that it is made of

    Running(long began) {
      this.began = began;
    }
  }

  /** An operation that computes, and which part of the work it belongs to. */
  private record Kernel(String part, String name) {}

  private OperationCounter(Supplier<String> part) {
    this.part = part;
    try (BytePointer callback = new BytePointer(CALLBACK_BYTES)) {
      callback.fill(0);
      if (TIMES) {
        callback.putLong(
            0, com.sun.jna.Pointer.nativeValue(CallbackReference.getFunctionPointer(start)));
      }
      callback.putLong(
          Long.BYTES, com.sun.jna.Pointer.nativeValue(CallbackReference.getFunctionPointer(end)));
      callback.putDouble(SAMPLING, 1);
      callback.put(SCOPES, (byte) 1); // RecordScope::FUNCTION
      callback.put(NEEDS_IDS, (byte) 1);
      handle = torch.addGlobalCallback(callback);
    }
  }

  /**
   * Starts to count.
   *
   * @param part asked on the thread of each operation: which part of the work it belongs to
   * @throws io.t3d.core.T3dException without the {@linkplain TorchBridge bridge}
   */
  public static OperationCounter open(Supplier<String> part) {
    TorchBridge.require("The counter of operations");
    return new OperationCounter(part);
  }

  /** Part → operation, as {@code add} or {@code convolution_backward} → how often. */
  public synchronized Map<String, Map<String, Integer>> kernels() {
    return Collections.unmodifiableMap(kernels);
  }

  /** How many operations computed. */
  public synchronized int total() {
    return kernels.values().stream()
        .flatMap(names -> names.values().stream())
        .mapToInt(Integer::intValue)
        .sum();
  }

  /**
   * Operation → how often the host had to wait for the device to hear its result. What DJL's {@code
   * toFloatArray} and the like copy to Java is no operation of libtorch, and is not among them.
   */
  public synchronized Map<String, Integer> waits() {
    return Collections.unmodifiableMap(new TreeMap<>(waits));
  }

  /**
   * Operation → nanoseconds in itself, without the operations that it is made of. On a GPU it is
   * the host's time. Empty on processors other than x86-64.
   */
  public synchronized Map<String, Long> nanos() {
    return Collections.unmodifiableMap(new TreeMap<>(nanos));
  }

  /** How often libtorch was called, views and parts of operations included. */
  public synchronized int calls() {
    return calls;
  }

  private com.sun.jna.Pointer started(com.sun.jna.Pointer place, com.sun.jna.Pointer function) {
    place.setLong(0, 0); // no context of our own
    running.get().push(new Running(System.nanoTime()));
    return place;
  }

  private synchronized void ended(com.sun.jna.Pointer function) {
    long own = TIMES ? timeInItself() : 0;
    record.at(com.sun.jna.Pointer.nativeValue(function));
    String name;
    try (BytePointer text = record.name()) {
      name = text.getString();
    }
    if (name.startsWith(ATEN)) {
      count(record.handle(), name.substring(ATEN.length()));
      if (TIMES) {
        nanos.merge(name.substring(ATEN.length()), own, Long::sum);
      }
    }
  }

  private long timeInItself() {
    Deque<Running> open = running.get();
    if (open.isEmpty()) {
      return 0; // it began before the counter did
    }
    Running operation = open.pop();
    long took = System.nanoTime() - operation.began;
    if (!open.isEmpty()) {
      open.peek().inOthers += took;
    }
    return took - operation.inOthers;
  }

  /** Those that an operation is made of begin after it and end before it. */
  private void count(long begun, String name) {
    calls++;
    List<Kernel> counted = new ArrayList<>();
    List<String> waited = new ArrayList<>();
    Deque<Ended> before = ended.get();
    while (!before.isEmpty() && before.peek().begun() > begun) {
      Ended part = before.pop();
      counted.addAll(part.counted());
      waited.addAll(part.waits());
    }
    boolean ofLists = name.startsWith("_foreach_") || name.startsWith("_fused_");
    if (ofLists) { // the loops of a CPU read numbers that the kernels of a GPU leave there
      waited.forEach(wait -> waits.merge(wait, -1, (a, b) -> a + b == 0 ? null : a + b));
      waited.clear();
    }
    if (WAITS.contains(name)) {
      waited.add(name);
      waits.merge(name, 1, Integer::sum);
    }
    boolean itself =
        ofLists
            || (!NO_KERNEL.contains(name)
                && counted.stream().allMatch(k -> WRITES.contains(k.name())));
    if (itself) {
      counted.forEach(kernel -> add(kernel, -1));
      counted.clear();
      Kernel kernel = new Kernel(part.get(), name);
      counted.add(kernel);
      add(kernel, 1);
    }
    before.push(new Ended(begun, counted, waited));
  }

  private void add(Kernel kernel, int times) {
    kernels
        .computeIfAbsent(kernel.part(), part -> new TreeMap<>())
        .merge(kernel.name(), times, (a, b) -> a + b == 0 ? null : a + b);
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      torch.removeCallback(handle);
      record.close();
    }
  }

  private static Set<String> noKernel() {
    try {
      return Resources.readLines(
              Resources.getResource(OperationCounter.class, "no-kernel.txt"),
              StandardCharsets.UTF_8)
          .stream()
          .collect(Collectors.toUnmodifiableSet());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** Looks at records that libtorch owns; the presets' class makes one of its own at its start. */
  private static final class Seen extends RecordFunction {
    private final long own;

    Seen() {
      super(1);
      own = address;
    }

    void at(long other) {
      address = other;
    }

    @Override
    public void close() {
      address = own;
      super.close();
    }
  }
}
