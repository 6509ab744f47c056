package io.t3d.data.load;

import io.t3d.core.internal.Tasks;
import io.t3d.core.train.PairBatch;
import io.t3d.core.train.PairSource;
import io.t3d.core.volume.View;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.prepare.DataLoadingException;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.IntFunction;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Loads the batches of an epoch ahead of their use. Each pair is a task of its own, so that all
 * threads work on the batch that is needed next. At most {@code prefetch} batches are under way or
 * wait: the next one is begun only when the consumer takes one.
 */
final class PrefetchingBatches implements PairSource.Batches {
  private static final Logger LOG = LoggerFactory.getLogger(PrefetchingBatches.class);
  private static final long CLOSE_SECONDS = 10;
  private static final AtomicInteger COUNTER = new AtomicInteger();

  private final List<ManifestRow> rows;
  private final List<int[]> plan;
  private final PairLoader loader;
  private final int prefetch;
  private final IntFunction<String> reports;
  private final ExecutorService workers;
  private final Deque<Pending> pending = new ArrayDeque<>();
  private int submitted;
  private int taken;
  private boolean closed;

  /** Makes the views of one row. */
  @FunctionalInterface
  interface PairLoader {
    List<View> load(int row) throws IOException;
  }

  private record Pending(int[] rows, List<Future<List<View>>> views) {}

  /**
   * Starts the threads.
   *
   * @param rows all pairs
   * @param plan which of them make up each batch
   * @param firstBatch where to start
   * @param reports the text of a row
   */
  PrefetchingBatches(
      List<ManifestRow> rows,
      List<int[]> plan,
      int firstBatch,
      PairLoader loader,
      IntFunction<String> reports,
      int threads,
      int prefetch) {
    this.rows = rows;
    this.plan = plan;
    this.loader = loader;
    this.reports = reports;
    this.prefetch = prefetch;
    submitted = firstBatch;
    taken = firstBatch;
    workers = Executors.newFixedThreadPool(threads, PrefetchingBatches::thread);
    submitAhead();
  }

  private static Thread thread(Runnable task) {
    Thread thread = new Thread(task, "t3d-loader-" + COUNTER.incrementAndGet());
    // A forgotten close() must not keep the JVM from ending.
    thread.setDaemon(true);
    return thread;
  }

  private void submitAhead() {
    while (pending.size() < prefetch && submitted < plan.size()) {
      int[] batch = plan.get(submitted++);
      List<Future<List<View>>> views = new ArrayList<>();
      for (int row : batch) {
        views.add(workers.submit(() -> loader.load(row)));
      }
      pending.addLast(new Pending(batch, views));
    }
  }

  @Override
  public boolean hasNext() {
    return !closed && taken < plan.size();
  }

  @Override
  public PairBatch next() {
    if (closed) {
      throw new IllegalStateException("These batches are closed; call epoch() again");
    }
    if (!hasNext()) {
      throw new NoSuchElementException("The epoch has " + plan.size() + " batches, all were taken");
    }
    boolean done = false;
    try {
      PairBatch batch = await(pending.removeFirst());
      taken++;
      submitAhead();
      done = true;
      return batch;
    } finally {
      if (!done) {
        close();
      }
    }
  }

  private PairBatch await(Pending batch) {
    List<List<View>> views = new ArrayList<>();
    for (int i = 0; i < batch.rows().length; i++) {
      ManifestRow row = rows.get(batch.rows()[i]);
      views.add(
          Tasks.result(
              batch.views().get(i),
              cause -> new DataLoadingException(row, cause),
              e -> new DataLoadingException("Interrupted while waiting for " + row, e)));
    }
    List<ManifestRow> taken = Arrays.stream(batch.rows()).mapToObj(rows::get).toList();
    return new PairBatch(
        views,
        Arrays.stream(batch.rows()).mapToObj(reports).toList(),
        taken.stream().map(ManifestRow::patient).toList(),
        taken.stream().map(ManifestRow::report).toList());
  }

  /** Interrupts the threads and waits until they have ended; what was loaded ahead is dropped. */
  @Override
  public void close() {
    if (closed) {
      return;
    }
    closed = true;
    pending.clear();
    workers.shutdownNow();
    try {
      // Files must not be in use any more when the caller goes on, e.g. to delete them.
      if (!workers.awaitTermination(CLOSE_SECONDS, TimeUnit.SECONDS)) {
        LOG.warn("A loader thread is still reading {} s after close()", CLOSE_SECONDS);
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
