package io.t3d.pipeline;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.t3d.core.config.Size3;
import io.t3d.core.internal.Tasks;
import io.t3d.core.task.VolumeBatches;
import io.t3d.core.volume.View;
import io.t3d.core.volume.ViewBatch;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Views in order, each once; the next ones are read on other threads meanwhile. */
final class ViewsAhead implements VolumeBatches, AutoCloseable {
  /** Read ahead: evens out volumes that take longer to read than others. */
  private static final int AHEAD = 24;

  /** Voxels of all that is read ahead, 512 MiB: two views of 480×480×240. */
  private static final long VOXELS_AHEAD = 1L << 27;

  /** Voxels of a batch at most, 256 MiB: views of 480×480×240 go one by one. */
  private static final long VOXELS_AT_ONCE = 1L << 26;

  private final List<Callable<View>> files;
  private final int most;
  private final int atOnce;
  private final ExecutorService readers;
  private final Deque<Future<View>> ahead = new ArrayDeque<>();
  private int taken;

  /**
   * Begins to read.
   *
   * @param files give the views
   * @param size of a view: few large ones are kept
   */
  ViewsAhead(List<Callable<View>> files, Size3 size) {
    this.files = files;
    this.most = fitting(VOXELS_AHEAD, size, 2, AHEAD);
    this.atOnce = fitting(VOXELS_AT_ONCE, size, 1, Integer.MAX_VALUE);
    int threads = Math.max(2, Runtime.getRuntime().availableProcessors());
    this.readers = Executors.newFixedThreadPool(threads, ViewsAhead::daemon);
    submit();
  }

  /** How many views of a size have so many voxels, but at least and at most so many. */
  private static int fitting(long voxels, Size3 size, int least, int most) {
    long one = (long) size.depth() * size.height() * size.width();
    return (int) Math.max(least, Math.min(most, voxels / one));
  }

  private void submit() {
    while (ahead.size() < most && taken + ahead.size() < files.size()) {
      ahead.add(readers.submit(files.get(taken + ahead.size())));
    }
  }

  @Override
  public int size() {
    return files.size();
  }

  @Override
  public int atOnce() {
    return atOnce;
  }

  /** The next ones, fewer at the end. */
  List<View> take(int count) throws IOException {
    List<Future<View>> next = new ArrayList<>();
    for (int i = 0; i < count && !ahead.isEmpty(); i++) {
      next.add(ahead.remove());
    }
    List<View> views = new ArrayList<>();
    for (Future<View> future : next) {
      views.add(get(future));
    }
    taken += next.size();
    submit();
    return views;
  }

  @Override
  public NDArray load(NDManager owner, int[] rows) throws IOException {
    for (int i = 0; i < rows.length; i++) {
      if (rows[i] != taken + i) {
        throw new IllegalArgumentException(
            "Views are read in order, the next is " + (taken + i) + ", got " + rows[i]);
      }
    }
    List<List<View>> views = take(rows.length).stream().map(List::of).toList();
    return ViewBatch.collate(owner, views).slots().get(0).voxels();
  }

  private static View get(Future<View> future) throws IOException {
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
