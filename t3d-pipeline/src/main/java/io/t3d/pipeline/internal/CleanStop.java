package io.t3d.pipeline.internal;

import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Ends a JVM that is stopped in the middle of its work. The JVM's own way out runs libtorch's
 * destructors under its kernels, which ends in a crash report.
 */
public final class CleanStop {
  private static final int STOPPED = 130; // what shells say of Ctrl-C
  private static final long HOOKS_MILLIS = 300;

  private final AtomicBoolean working = new AtomicBoolean(true);

  private CleanStop() {}

  /** Guards this JVM until {@link #finished}. */
  public static CleanStop install() {
    CleanStop stop = new CleanStop();
    Runtime.getRuntime().addShutdownHook(new Thread(stop::halt, "t3d-stop"));
    return stop;
  }

  /** The work is done: the JVM may end in its own way. */
  public void finished() {
    working.set(false);
  }

  private void halt() {
    if (working.get()) {
      try {
        Thread.sleep(HOOKS_MILLIS); // the other hooks end the decoder processes meanwhile
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
      Runtime.getRuntime().halt(STOPPED);
    }
  }
}
