package io.t3d.serve.internal.work;

import io.t3d.serve.internal.Refusal;
import java.time.Duration;

/** Lets so many requests in at a time; the others are told to come back. */
public final class Door {
  private static final int LONGEST_SECONDS = 60;
  private static final double MEMORY = 0.9;

  private final int most;
  private int inside;
  private boolean closed;
  private double meanSeconds;

  /**
   * An open door.
   *
   * @param most requests inside
   */
  public Door(int most) {
    this.most = most;
  }

  /** A request that is inside. */
  public interface Visit extends AutoCloseable {
    @Override
    void close();
  }

  /**
   * Lets a request in.
   *
   * @throws Refusal when there is no room, or the service is stopping
   */
  public synchronized Visit enter() {
    if (closed) {
      throw Refusal.later(503, 10, "the service is stopping; try again later, or elsewhere");
    }
    if (inside >= most) {
      throw Refusal.later(
          429,
          (int) Math.max(1, Math.min(LONGEST_SECONDS, Math.ceil(meanSeconds))),
          "the queue is full: " + inside + " requests are in the house; try again later");
    }
    inside++;
    long since = System.nanoTime();
    return () -> leave((System.nanoTime() - since) / 1e9);
  }

  private synchronized void leave(double seconds) {
    inside--;
    meanSeconds = meanSeconds == 0 ? seconds : MEMORY * meanSeconds + (1 - MEMORY) * seconds;
    notifyAll();
  }

  /** Requests that are inside. */
  public synchronized int inside() {
    return inside;
  }

  /** Whether requests are let in. */
  public synchronized boolean isOpen() {
    return !closed;
  }

  /**
   * Lets nobody in any more, and waits until all are out.
   *
   * @return whether they are, within the time
   */
  public synchronized boolean close(Duration within) {
    closed = true;
    long end = System.nanoTime() + within.toNanos();
    try {
      for (long left = within.toMillis(); inside > 0 && left > 0; ) {
        wait(left);
        left = (end - System.nanoTime()) / 1_000_000;
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return inside == 0;
  }
}
