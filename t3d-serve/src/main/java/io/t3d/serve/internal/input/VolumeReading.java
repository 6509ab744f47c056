package io.t3d.serve.internal.input;

import io.t3d.serve.internal.Deadline;
import io.t3d.serve.internal.Refusal;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;

/** Reads and prepares volumes on a few threads of its own: so many are in memory, no more. */
public final class VolumeReading {
  private final ThreadPoolExecutor threads;

  /**
   * Starts no thread yet.
   *
   * @param readers threads
   */
  public VolumeReading(int readers) {
    AtomicInteger number = new AtomicInteger();
    threads =
        new ThreadPoolExecutor(
            readers,
            readers,
            0,
            TimeUnit.SECONDS,
            new LinkedBlockingQueue<>(),
            task -> {
              Thread thread = new Thread(task, "t3d-serve-reader-" + number.incrementAndGet());
              thread.setDaemon(true);
              return thread;
            });
  }

  /**
   * Reads on one of the threads and waits for it. A read that is too slow goes on, but nobody
   * waits; it keeps its folder until it ends. The result is there before the folder is deleted.
   *
   * @param user of the folder in which lies what is read; closed after the read
   * @throws Refusal when the deadline passes
   */
  public <T> T read(Callable<T> reader, RequestFolder.User user, Deadline deadline)
      throws IOException {
    CompletableFuture<T> result = new CompletableFuture<>();
    AtomicBoolean begun = new AtomicBoolean();
    AtomicBoolean givenUp = new AtomicBoolean();
    Runnable task =
        () -> {
          try (user) {
            begun.set(true);
            if (!givenUp.get()) {
              result.complete(reader.call());
            }
          } catch (Exception | Error e) {
            result.completeExceptionally(e);
          }
        };
    try {
      threads.execute(task);
    } catch (RejectedExecutionException e) {
      user.close();
      throw stopping();
    }
    try {
      return result.get(Math.max(0, deadline.left()), TimeUnit.NANOSECONDS);
    } catch (TimeoutException e) {
      givenUp.set(true);
      forget(task, user);
      throw begun.get() ? deadline.tooSlow() : deadline.neverBegun();
    } catch (InterruptedException e) {
      givenUp.set(true);
      forget(task, user);
      Thread.currentThread().interrupt();
      throw stopping();
    } catch (ExecutionException e) {
      throw rethrown(e.getCause());
    }
  }

  /** Frees the folder of what nobody has begun to read: it must not wait for a reader. */
  private void forget(Runnable task, RequestFolder.User user) {
    if (threads.remove(task)) {
      user.close();
    }
  }

  private static Refusal stopping() {
    return Refusal.later(503, 10, "the service is stopping; try again later, or elsewhere");
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

  /**
   * Begins no further read, and waits for those that run.
   *
   * @return whether they ended within the time
   */
  public boolean stop(Duration within) {
    threads.shutdown();
    try {
      return threads.awaitTermination(Math.max(1, within.toMillis()), TimeUnit.MILLISECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return false;
    }
  }
}
