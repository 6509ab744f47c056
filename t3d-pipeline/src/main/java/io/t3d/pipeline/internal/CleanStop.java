package io.t3d.pipeline.internal;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.BooleanSupplier;

/**
 * Ends a JVM that is stopped in the middle of its work. The JVM's own way out runs libtorch's
 * destructors under its kernels, which ends in a crash report.
 */
public final class CleanStop {
  private static final int STOPPED = 130; // what shells say of Ctrl-C
  private static final long HOOKS_MILLIS = 300;

  /** What a service does first: it lets its requests finish. */
  private static final List<BooleanSupplier> FIRST = new CopyOnWriteArrayList<>();

  private final AtomicBoolean working = new AtomicBoolean(true);

  private CleanStop() {}

  /** Guards this JVM until {@link #finished}. */
  public static CleanStop install() {
    CleanStop stop = new CleanStop();
    Runtime.getRuntime().addShutdownHook(new Thread(stop::halt, "t3d-stop"));
    return stop;
  }

  /** Takes an action out again. */
  @FunctionalInterface
  public interface Registration extends AutoCloseable {
    @Override
    void close();
  }

  /**
   * Has something done before the JVM ends in the middle of its work.
   *
   * @param action tells whether all work was finished: then the exit code is 0
   */
  public static Registration first(BooleanSupplier action) {
    FIRST.add(action);
    return () -> FIRST.remove(action);
  }

  /** The work is done: the JVM may end in its own way. */
  public void finished() {
    working.set(false);
  }

  private void halt() {
    if (working.get()) {
      boolean finished = !FIRST.isEmpty();
      for (BooleanSupplier action : FIRST) {
        finished &= action.getAsBoolean();
      }
      try {
        Thread.sleep(HOOKS_MILLIS); // the other hooks end the decoder processes meanwhile
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      Runtime.getRuntime().halt(finished ? 0 : STOPPED);
    }
  }
}
