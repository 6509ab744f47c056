package io.t3d.core.torch.distributed;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import io.t3d.core.T3dException;
import java.time.Duration;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;
import org.bytedeco.pytorch.IValue;
import org.bytedeco.pytorch.Work;
import org.jspecify.annotations.Nullable;

/** Calls operations of a native group, waits for their end or for that of another worker. */
final class GlooCalls {
  private static final int CAPSULE = 22; // c10::IValue::Tag::Capsule: any counted object
  private static final long GRACE_NANOS = 3_000_000_000L;

  private final Pointer group;
  private final PeerWatch watch;
  private final Duration timeout;
  private Optional<PeerLostException> lost = Optional.empty();
  private long bytes;
  private long nanos;
  private long calls;

  /**
   * Calls to a group.
   *
   * @param timeout after which a call fails by itself
   */
  GlooCalls(Pointer group, PeerWatch watch, Duration timeout) {
    this.group = group;
    this.watch = watch;
    this.timeout = timeout;
  }

  ProcessGroup.Traffic traffic() {
    return new ProcessGroup.Traffic(bytes, nanos / 1e9, calls);
  }

  /** Why the group is at its end, where that is another worker's end. */
  Optional<PeerLostException> lost() {
    if (lost.isEmpty() && !watch.failedItself()) {
      lost = watch.verdict().map(why -> lost(why, null));
    }
    return lost;
  }

  /**
   * Runs one.
   *
   * @param operation takes a slot for its work, the group, and the arguments
   * @param sent bytes, for the account
   * @throws PeerLostException when another worker has ended
   */
  void run(Pointer operation, double sent, Pointer... arguments) {
    start(operation, sent, arguments).await();
  }

  /**
   * Begins one, which goes on while this thread does other things.
   *
   * @return to be awaited, in the order of the calls
   * @throws PeerLostException when another worker has ended
   */
  ProcessGroup.Pending start(Pointer operation, double sent, Pointer... arguments) {
    if (watch.verdict().isPresent()) {
      throw note(lost(watch.verdict().get(), null));
    }
    long begin = System.nanoTime();
    try (Memory slot = new Memory(Long.BYTES)) {
      slot.clear();
      Object[] all = new Object[2 + arguments.length];
      all[0] = slot;
      all[1] = group;
      System.arraycopy(arguments, 0, all, 2, arguments.length);
      NativeCall.run(operation, all);
      Pointer work = slot.getPointer(0);
      return () -> finish(work, begin);
    } catch (T3dException e) {
      throw e;
    } catch (RuntimeException e) {
      throw failed(e, begin);
    } finally {
      bytes += (long) sent;
      nanos += System.nanoTime() - begin;
      calls++;
    }
  }

  private void finish(Pointer work, long begun) {
    long begin = System.nanoTime();
    try {
      await(new Work(new NativeCall.Address(work)));
    } catch (PeerLostException e) {
      throw note(e);
    } catch (T3dException e) {
      throw e;
    } catch (RuntimeException e) {
      throw failed(e, begun);
    } finally {
      release(work);
      nanos += System.nanoTime() - begin;
    }
  }

  private PeerLostException failed(RuntimeException e, long begun) {
    String error = GlooJoin.firstLine(e);
    boolean late =
        error.toLowerCase(Locale.ROOT).contains("timed out")
            && System.nanoTime() - begun >= timeout.toNanos() / 2;
    return note(lost(watch.findOut(late ? late() : broken(error)), e));
  }

  private String late() {
    return "another worker lives but has not come to a call between them for "
        + timeout.toSeconds()
        + " s; look for what holds it up, or raise --timeout";
  }

  /** What a failed call means while all workers live. */
  static String broken(String error) {
    return "a connection between workers broke though all are alive: " + error;
  }

  private PeerLostException note(PeerLostException e) {
    lost = Optional.of(lost.orElse(e));
    return e;
  }

  static PeerLostException lost(String why, @Nullable Exception e) {
    return new PeerLostException(
        "Training by several workers stops: "
            + why
            + ". Start all of them again with --resume, which goes on from the last checkpoint",
        e);
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
        if (now - ended > GRACE_NANOS) {
          throw lost(watch.verdict().get(), null); // the group holds the work: nothing ends it
        }
      }
    }
    work._wait(); // throws what went wrong
  }

  /**
   * Gives up the reference that was returned, so that tensors which the work holds are freed. The
   * group has one of its own as long as the work goes on.
   */
  private static void release(Pointer work) {
    if (Pointer.nativeValue(work) == 0) {
      return;
    }
    IValue holder = new IValue();
    Pointer memory = new Pointer(holder.address());
    memory.setInt(8, CAPSULE);
    if (!holder.isCapsule()) {
      memory.setInt(8, 0);
      throw new IllegalStateException("This libtorch numbers the kinds of its values otherwise");
    }
    memory.setPointer(0, work);
    holder.deallocate(); // counts down, and frees at zero
  }
}
