package io.t3d.core.torch.distributed;

import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import org.bytedeco.javacpp.chrono.Milliseconds;
import org.bytedeco.pytorch.Store;
import org.bytedeco.pytorch.StringVector;

/**
 * libtorch's {@code TCPStore} or {@code FileStore}: names and values that all workers see. Each
 * call may throw a RuntimeException with libtorch's message.
 *
 * <p>The presets free what they make of these classes at once, so the object lies in memory of its
 * own, with counts of references that never reach zero, and is destroyed by {@link #close}.
 */
final class NativeStore implements AutoCloseable {
  private static final String STRING = "NSt7__cxx1112basic_stringIcSt11char_traitsIcESaIcEEE";
  private static final long ROOM = 8192; // more than either class has
  private static final long PATIENCE_SECONDS = 5;

  /** Those that were to be closed while a native thread was in them. */
  private static final Set<NativeStore> HANGING = ConcurrentHashMap.newKeySet();

  private final Memory object;
  private final Store store;
  private final Pointer destructor;
  private final ReentrantLock lock = new ReentrantLock();
  private boolean closed; // guarded by the lock

  private NativeStore(Memory object, Pointer destructor) {
    this.object = object;
    this.destructor = destructor;
    this.store = new Store(new NativeCall.Address(object));
  }

  /**
   * A store in the process of rank 0, or a connection to it.
   *
   * @param host of the store
   * @param port of the store
   * @param listening an open socket for the store to listen on; empty to connect
   * @param timeoutMillis of the connection and of each call
   */
  static NativeStore tcp(String host, int port, Optional<Integer> listening, long timeoutMillis) {
    Memory options = new Memory(128); // c10d::TCPStoreOptions
    options.clear();
    options.setShort(0, (short) port);
    options.setByte(2, (byte) (listening.isPresent() ? 1 : 0)); // isServer
    options.setByte(24, (byte) 0); // waitWorkers
    options.setLong(32, timeoutMillis);
    options.setByte(40, (byte) 0); // multiTenant
    listening.ifPresent(
        socket -> {
          options.setInt(44, socket);
          options.setByte(48, (byte) 1);
        });
    options.setByte(52, (byte) 0); // useLibUV: DJL's libtorch need not have it
    return make("8TCPStore", "C1E" + STRING + "RKNS_15TCPStoreOptionsE", host, options);
  }

  /**
   * A store in a file that all workers see.
   *
   * @param file made when missing
   */
  static NativeStore file(Path file, int size) {
    return make("9FileStore", "C1E" + STRING + "i", file.toString(), (long) size);
  }

  private static NativeStore make(String type, String constructor, String name, Object second) {
    Pointer make = NativeCall.function("_ZN4c10d" + type + constructor);
    Pointer destructor = NativeCall.function("_ZN4c10d" + type + "D1Ev");
    Memory object = new Memory(ROOM);
    object.clear();
    NativeCall.run(make, object, string(name), second);
    keepAlive(object);
    return new NativeStore(object, destructor);
  }

  /** Sets both counts of a {@code c10::intrusive_ptr_target} to what never reaches zero. */
  static void keepAlive(Pointer object) {
    object.setInt(8, 1 << 30);
    object.setInt(12, 1 << 30);
  }

  /** A {@code std::string} to be passed by value: the callee takes the letters. */
  private static Memory string(String text) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    Memory string = new Memory(32);
    string.clear();
    Pointer letters =
        bytes.length < 16
            ? string.share(16)
            : new Pointer(Native.malloc(bytes.length + 1L)); // freed with the object
    string.setPointer(0, letters);
    string.setLong(8, bytes.length);
    if (bytes.length >= 16) {
      string.setLong(16, bytes.length); // capacity
    }
    letters.write(0, bytes, 0, bytes.length);
    letters.setByte(bytes.length, (byte) 0);
    return string;
  }

  /** Sets how long each call may take from now on. */
  void timeout(long millis) {
    locked(
        open -> {
          try (Milliseconds time = new Milliseconds(millis)) {
            open.setTimeout(time);
          }
          return true;
        });
  }

  /** The address of the object, for {@code c10::intrusive_ptr<c10d::Store>}. */
  Pointer address() {
    return object;
  }

  void set(String key, String value) {
    locked(
        open -> {
          open.set(key, encoded(value));
          return true;
        });
  }

  /** The value of a name, where it is there already. */
  Optional<String> find(String key) {
    return locked(
        open -> {
          try (StringVector keys = new StringVector(key)) {
            return open.check(keys) ? Optional.of(decoded(open.get_to_str(key))) : Optional.empty();
          }
        });
  }

  /** Adds to a counter, which starts from 0; gives the sum. */
  long add(String key, long amount) {
    return locked(open -> open.add(key, amount));
  }

  /** One call at a time; another thread's that hangs, as its machine is gone, is not waited for. */
  private <T> T locked(Function<Store, T> call) {
    if (!tryLock()) {
      throw new IllegalStateException("The rendezvous does not answer");
    }
    try {
      if (closed) {
        throw new IllegalStateException("The rendezvous is closed");
      }
      return call.apply(store);
    } finally {
      lock.unlock();
    }
  }

  private boolean tryLock() {
    try {
      return lock.tryLock(PATIENCE_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }

  private static String encoded(String value) {
    return Base64.getEncoder().encodeToString(value.getBytes(StandardCharsets.UTF_8)) + ".";
  }

  private static String decoded(String value) {
    byte[] bytes = Base64.getDecoder().decode(value.substring(0, value.length() - 1));
    return new String(bytes, StandardCharsets.UTF_8);
  }

  /** Frees it; where a call hangs in it, its memory stays as long as the process. */
  @Override
  public void close() {
    if (!tryLock()) {
      HANGING.add(this);
      return;
    }
    try {
      if (!closed) {
        closed = true;
        NativeCall.run(destructor, object);
      }
    } finally {
      lock.unlock();
    }
  }
}
