package io.t3d.serve.internal.work;

import io.t3d.serve.internal.Deadline;
import io.t3d.serve.internal.Refusal;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.Iterator;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.IntConsumer;

/**
 * The one thread that works with a device: takes requests in the order in which they came, each
 * together with others of its kind that wait, so that the model encodes them at once.
 *
 * <p>A thread that is idle takes what comes at once. Only a request that queued while it worked
 * waits for others, while {@link #expect announced} ones are still being read, and no longer than
 * the longest wait: so batches grow where there is more to do than time, and nobody waits for
 * nothing.
 *
 * <p>The queue has no bound of its own: who may come in is decided at the door.
 */
public final class Worker implements AutoCloseable {
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Deque<Job<?, ?>> queue = new ArrayDeque<>();
  private final long longestWait;
  private final IntConsumer batchSizes;
  private final Thread thread;

  /** When the last work ended; the thread's own. */
  private long busyUntil = System.nanoTime();

  private int expected;
  private boolean closed;

  /**
   * Starts the thread.
   *
   * @param longestWait of the first of a batch, from when it queued
   * @param batchSizes is told how many requests each batch had
   */
  public Worker(Duration longestWait, IntConsumer batchSizes) {
    this.longestWait = longestWait.toNanos();
    this.batchSizes = batchSizes;
    this.thread = new Thread(this::work, "t3d-serve-device");
    this.thread.setDaemon(true);
    this.thread.start();
  }

  /** A request that will come, unless something is wrong with it. */
  public interface Expected extends AutoCloseable {
    @Override
    void close();
  }

  /** Announces a request whose volume is being read; closed when it waits, or will not come. */
  public Expected expect() {
    change(1);
    return new Expected() {
      private boolean open = true;

      @Override
      public void close() {
        if (open) {
          open = false;
          change(-1);
        }
      }
    };
  }

  private void change(int by) {
    lock.lock();
    try {
      expected += by;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Requests that wait for the device. */
  public int waiting() {
    lock.lock();
    try {
      return queue.size();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Has a request worked on, and waits for its result.
   *
   * @param announced of this request
   * @throws IOException what the work throws; so with unchecked exceptions
   * @throws Refusal when the deadline passes
   */
  public <I, O> O run(Batch<I, O> batch, I input, Expected announced, Deadline deadline)
      throws IOException {
    Job<I, O> job = new Job<>(batch, input);
    lock.lock();
    try {
      if (closed) {
        throw stopping();
      }
      queue.addLast(job);
      announced.close();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    try {
      return job.result.get(Math.max(0, deadline.left()), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      throw forget(job) ? deadline.neverBegun() : deadline.tooSlow();
    } catch (InterruptedException e) {
      forget(job);
      Thread.currentThread().interrupt();
      throw stopping();
    } catch (ExecutionException e) {
      throw rethrown(e.getCause());
    }
  }

  /** Whether it had not begun; its volume is let go of. */
  private boolean forget(Job<?, ?> job) {
    lock.lock();
    try {
      queue.remove(job);
    } finally {
      lock.unlock();
    }
    return job.giveUp();
  }

  private static RuntimeException rethrown(Throwable cause) throws IOException {
    if (cause instanceof IOException io) {
      throw io;
    }
    if (cause instanceof Error error) {
      throw error;
    }
    return cause instanceof RuntimeException e ? e : new IllegalStateException(cause);
  }

  private static Refusal stopping() {
    return Refusal.later(503, 10, "the service is stopping; try again later, or elsewhere");
  }

  private void work() {
    for (List<Job<?, ?>> jobs = take(); !jobs.isEmpty(); jobs = take()) {
      batchSizes.accept(jobs.size());
      runAll(jobs);
    }
  }

  /** Jobs of one kind, so that the cast is right. */
  @SuppressWarnings("unchecked")
  private <I, O> void runAll(List<Job<?, ?>> jobs) {
    List<Job<I, O>> same = new ArrayList<>();
    jobs.forEach(job -> same.add((Job<I, O>) job));
    run(same);
  }

  /** Where a batch fails, each of it is tried alone: one request must not spoil the others. */
  private <I, O> void run(List<Job<I, O>> jobs) {
    try {
      List<O> results = jobs.get(0).batch.run(jobs.stream().map(job -> job.input).toList());
      busyUntil = System.nanoTime();
      for (int i = 0; i < jobs.size(); i++) {
        jobs.get(i).result.complete(results.get(i));
      }
    } catch (IOException | RuntimeException | Error e) {
      if (jobs.size() == 1) {
        jobs.get(0).result.completeExceptionally(e);
      } else {
        jobs.forEach(job -> run(List.of(job)));
      }
    }
  }

  /** The next batch; empty when the worker is closed and nothing waits. */
  private List<Job<?, ?>> take() {
    lock.lock();
    try {
      boolean idle = false;
      while (true) {
        while (queue.isEmpty()) {
          idle = true;
          if (closed) {
            return List.of();
          }
          changed.awaitUninterruptibly();
        }
        Job<?, ?> first = queue.removeFirst();
        if (first.begin()) {
          List<Job<?, ?>> batch = new ArrayList<>(List.of(first));
          addWaiting(batch, first.batch.most());
          if (!idle && first.since - busyUntil < 0) {
            awaitMore(batch);
          }
          return batch;
        }
      }
    } finally {
      lock.unlock();
    }
  }

  private void awaitMore(List<Job<?, ?>> batch) {
    Job<?, ?> first = batch.get(0);
    int most = first.batch.most();
    long left = first.since + longestWait - System.nanoTime();
    while (batch.size() < most && expected > 0 && !closed && left > 0) {
      try {
        left = Math.min(changed.awaitNanos(left), first.since + longestWait - System.nanoTime());
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        return;
      }
      addWaiting(batch, most);
    }
  }

  private void addWaiting(List<Job<?, ?>> batch, int most) {
    for (Iterator<Job<?, ?>> waiting = queue.iterator();
        waiting.hasNext() && batch.size() < most; ) {
      Job<?, ?> job = waiting.next();
      if (job.batch.equals(batch.get(0).batch)) {
        waiting.remove();
        if (job.begin()) {
          batch.add(job);
        }
      }
    }
  }

  /**
   * Ends the thread after what waits is done.
   *
   * @return whether it ended within the time
   */
  public boolean stop(Duration within) {
    close();
    try {
      thread.join(Math.max(1, within.toMillis()));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    return !thread.isAlive();
  }

  /** Takes nothing more; what waits is done. */
  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }
}
