package io.t3d.pipeline.internal;

import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Ends a JVM that is stopped in the middle of its work. The JVM's own way out runs libtorch's
 * destructors under its kernels, which ends in a crash report.
 */
public final class CleanStop {
  private static final int STOPPED = 130; // what shells say of Ctrl-C
  private static final long HOOKS_MILLIS = 300;

  private static final long AWAITED_MILLIS = 10_000;

  private static final Set<Thread> AWAITED = ConcurrentHashMap.newKeySet();

  private final AtomicBoolean working = new AtomicBoolean(true);

  private CleanStop() {}

  /** Guards this JVM until {@link #finished}. */
  public static CleanStop install() {
    CleanStop stop = new CleanStop();
    Runtime.getRuntime().addShutdownHook(new Thread(stop::halt, "t3d-stop"));
    return stop;
  }

  /**
   * Registers a shutdown hook that the JVM may take some seconds for before it is halted.
   *
   * @return removes it
   */
  public static Runnable before(Thread hook) {
    Runtime.getRuntime().addShutdownHook(hook);
    AWAITED.add(hook);
    return () -> {
      AWAITED.remove(hook);
      try {
        Runtime.getRuntime().removeShutdownHook(hook);
      } catch (IllegalStateException e) {
        // The JVM ends already, and the hook runs.
      }
    };
  }

  /** The work is done: the JVM may end in its own way. */
  public void finished() {
    working.set(false);
  }

  private void halt() {
    if (working.get()) {
      try {
        Thread.sleep(HOOKS_MILLIS); // the other hooks end the decoder processes meanwhile
        for (Thread hook : AWAITED) {
          hook.join(AWAITED_MILLIS);
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      Runtime.getRuntime().halt(STOPPED);
    }
  }
}
