package io.t3d.core.torch.distributed;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.net.InetAddress;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.bytedeco.pytorch.ProcessGroupGloo;
import org.bytedeco.pytorch.gloo.Device;
import org.jspecify.annotations.Nullable;

/**
 * The memory of a native {@code ProcessGroupGloo}, of what it refers to, and of its store: from
 * before its constructor runs until its destructor has. The native threads use it meanwhile, also
 * where nobody in Java waits for them any more.
 */
final class NativeGloo implements AutoCloseable {
  static final String CLASS = "_ZN4c10d16ProcessGroupGloo";
  private static final String POINTER =
      "N3c1013intrusive_ptrINS_5StoreENS1_6detail34intrusive_target_default_null_typeIS3_EEEE";
  private static final String MAKE = "C1ERK" + POINTER + "iiNS2_INS0_7OptionsENS5_ISA_EEEE";
  private static final String MAKE_OPTIONS =
      "7OptionsC1ENSt6chrono8durationIlSt5ratioILl1ELl1000EEEE";
  private static final String DESTROY = "D1Ev";

  private static final long ROOM = 32_768; // more than the class has
  private static final long OPTIONS_ROOM = 4096;
  private static final long GRACE_MILLIS = 3_000;

  /** All whose native threads may use their memory: also those that nobody has closed. */
  private static final Set<NativeGloo> OPEN = ConcurrentHashMap.newKeySet();

  private final NativeStore store;
  private final Memory options = new Memory(OPTIONS_ROOM);
  private final Memory group = new Memory(ROOM);
  private final Memory toStore = new Memory(Long.BYTES);
  private final Memory toOptions = new Memory(Long.BYTES);

  @SuppressWarnings("unused") // the options refer to it
  private @Nullable Device device;

  private boolean connecting; // these three guarded by this
  private boolean connected;
  private boolean left;

  /**
   * Nothing native yet.
   *
   * @param store of the rendezvous; closed with this
   */
  NativeGloo(NativeStore store) {
    this.store = store;
    OPEN.add(this);
  }

  /**
   * Connects with all other workers; may hang as long as one of them does not come.
   *
   * @param own the address on which the others reach this worker
   */
  void connect(Rendezvous rendezvous, InetAddress own) {
    synchronized (this) {
      connecting = !left;
    }
    if (!connecting) {
      return;
    }
    boolean done = false;
    try {
      options.clear();
      group.clear();
      NativeCall.run(
          NativeCall.function(CLASS + MAKE_OPTIONS), options, rendezvous.timeout().toMillis());
      NativeStore.keepAlive(options);
      device = ProcessGroupGloo.createDeviceForHostname(own.getHostAddress());
      new ProcessGroupGloo.Options(new NativeCall.Address(options)).devices().push_back(device);
      toStore.setPointer(0, store.address());
      toOptions.setPointer(0, options);
      NativeCall.run(
          NativeCall.function(CLASS + MAKE),
          group,
          toStore,
          (long) rendezvous.rank(),
          (long) rendezvous.size(),
          toOptions);
      NativeStore.keepAlive(group);
      done = true;
    } finally {
      boolean unwanted;
      synchronized (this) {
        connecting = false;
        connected = done;
        unwanted = left;
      }
      if (unwanted) {
        free();
      }
    }
  }

  /** The object. */
  Pointer group() {
    return group;
  }

  /** Frees all, at once or when the constructor that still runs returns. */
  @Override
  public void close() {
    synchronized (this) {
      if (left) {
        return;
      }
      left = true;
      if (connecting) {
        return;
      }
    }
    inBackground(this::free); // waits for calls of the others, which may not end
  }

  private void free() {
    if (connected) {
      NativeCall.run(NativeCall.function(CLASS + DESTROY), group);
    }
    store.close();
    OPEN.remove(this);
  }

  /** How many are open, for tests. */
  static int open() {
    return OPEN.size();
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
}
