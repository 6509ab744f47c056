package io.t3d.core.internal;

import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * Keeps something open while calls use it: native code must not lose its weights under them. Who
 * closes it waits for the calls that run; calls that come later are refused.
 */
public final class InUse {
  private final ReentrantReadWriteLock lock = new ReentrantReadWriteLock();
  private final String closed;
  private volatile boolean closing;

  /**
   * Open, until it is closed.
   *
   * @param closed what a call is told that comes too late
   */
  public InUse(String closed) {
    this.closed = closed;
  }

  /** A call that runs. */
  public interface Use extends AutoCloseable {
    @Override
    void close();
  }

  /**
   * Begins a call; calls within calls are fine.
   *
   * @throws IllegalStateException when it is closed, or waits to be
   */
  public Use use() {
    boolean within = lock.getReadHoldCount() > 0;
    if (closing && !within) {
      throw new IllegalStateException(closed); // at once, and not behind the one who closes
    }
    lock.readLock().lock();
    if (closing && !within) {
      lock.readLock().unlock();
      throw new IllegalStateException(closed);
    }
    return lock.readLock()::unlock;
  }

  /**
   * Waits for the calls that run, then closes.
   *
   * @param free what closing does; run again when it is closed again
   * @throws IllegalStateException within a call on the same thread, which would wait for itself
   */
  public void close(Runnable free) {
    if (lock.getReadHoldCount() > 0) {
      throw new IllegalStateException(
          "A model must be closed after its calls, got a close within one on the same thread, which"
              + " would wait for itself; close it where the call has returned");
    }
    closing = true;
    lock.writeLock().lock();
    try {
      free.run();
    } finally {
      lock.writeLock().unlock();
    }
  }
}
