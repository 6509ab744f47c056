package io.t3d.pipeline;

import io.t3d.core.internal.Tasks;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** What tasks read, in their order, each once; the next ones run on other threads meanwhile. */
final class ReadAhead<T> implements AutoCloseable {
  private final List<Callable<T>> tasks;
  private final int limit;
  private final ExecutorService readers;
  private final Deque<Future<T>> ahead = new ArrayDeque<>();
  private int taken;

  /**
   * Starts to read.
   *
   * @param threads that read
   * @param limit of results that wait, or are being read
   */
  ReadAhead(List<Callable<T>> tasks, int threads, int limit) {
    this.tasks = tasks;
    this.limit = limit;
    this.readers = Executors.newFixedThreadPool(threads, ReadAhead::daemon);
    submit();
  }

  private void submit() {
    while (ahead.size() < limit && taken + ahead.size() < tasks.size()) {
      ahead.add(readers.submit(tasks.get(taken + ahead.size())));
    }
  }

  /** How many there are in all. */
  int size() {
    return tasks.size();
  }

  /** How many have been taken. */
  int taken() {
    return taken;
  }

  /** The next ones, fewer at the end. */
  List<T> take(int count) throws IOException {
    List<Future<T>> next = new ArrayList<>();
    for (int i = 0; i < count && !ahead.isEmpty(); i++) {
      next.add(ahead.remove());
    }
    List<T> results = new ArrayList<>();
    for (Future<T> future : next) {
      results.add(get(future));
    }
    taken += next.size();
    submit();
    return results;
  }

  private static <T> T get(Future<T> future) throws IOException {
    return Tasks.result(
        future,
        cause -> {
          if (cause instanceof IOException io) {
            return io;
          }
          if (cause instanceof RuntimeException r) {
            throw r;
          }
          throw new IllegalStateException(cause);
        },
        e -> new IOException("Interrupted while reading volumes", e));
  }

  @Override
  public void close() {
    readers.shutdownNow();
  }

  private static Thread daemon(Runnable task) {
    Thread thread = new Thread(task, "t3d-reader");
    thread.setDaemon(true);
    return thread;
  }
}
