package io.t3d.pipeline;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.t3d.core.task.VolumeBatches;
import io.t3d.core.volume.View;
import io.t3d.core.volume.ViewBatch;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;

/** Views in order, each once; the next ones are read on other threads meanwhile. */
final class ViewsAhead implements VolumeBatches, AutoCloseable {
  /** Read ahead: evens out volumes that take longer to read than others. */
  private static final int AHEAD = 24;

  private final ReadAhead<View> views;

  ViewsAhead(List<Callable<View>> files) {
    int threads = Math.max(2, Runtime.getRuntime().availableProcessors());
    this.views = new ReadAhead<>(files, threads, AHEAD);
  }

  @Override
  public int size() {
    return views.size();
  }

  /** The next ones, fewer at the end. */
  List<View> take(int count) throws IOException {
    return views.take(count);
  }

  @Override
  public NDArray load(NDManager owner, int[] rows) throws IOException {
    for (int i = 0; i < rows.length; i++) {
      if (rows[i] != views.taken() + i) {
        throw new IllegalArgumentException(
            "Views are read in order, the next is " + (views.taken() + i) + ", got " + rows[i]);
      }
    }
    List<List<View>> next = take(rows.length).stream().map(List::of).toList();
    return ViewBatch.collate(owner, next).slots().get(0).voxels();
  }

  @Override
  public void close() {
    views.close();
  }
}
