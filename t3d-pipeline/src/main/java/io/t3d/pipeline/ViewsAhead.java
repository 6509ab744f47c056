package io.t3d.pipeline;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.t3d.core.config.Size3;
import io.t3d.core.task.VolumeBatches;
import io.t3d.core.volume.View;
import io.t3d.core.volume.ViewBatch;
import io.t3d.data.view.ViewConfig;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;

/** Views in order, each once; the next ones are read on other threads meanwhile. */
final class ViewsAhead implements VolumeBatches, AutoCloseable {
  /** Read ahead: evens out volumes that take longer to read than others. */
  private static final int AHEAD = 24;

  /** Voxels of all that is read ahead, 512 MiB: two views of 480×480×240. */
  private static final long VOXELS_AHEAD = 1L << 27;

  /** Voxels of a batch at most, 256 MiB: views of 480×480×240 go one by one. */
  private static final long VOXELS_AT_ONCE = 1L << 26;

  private final ReadAhead<View> views;
  private final int atOnce;

  /**
   * Begins to read.
   *
   * @param files give the views
   * @param config of the views: few large ones are kept, and those of whole scans, whose sizes
   *     differ, go one by one
   */
  ViewsAhead(List<Callable<View>> files, ViewConfig config) {
    Size3 size = config.globalSize();
    boolean any = config.wholeScan().isPresent();
    int threads = Math.max(2, Runtime.getRuntime().availableProcessors());
    this.views = new ReadAhead<>(files, threads, any ? 2 : fitting(VOXELS_AHEAD, size, 2, AHEAD));
    this.atOnce = any ? 1 : fitting(VOXELS_AT_ONCE, size, 1, Integer.MAX_VALUE);
  }

  /** How many views of a size have so many voxels, but at least and at most so many. */
  private static int fitting(long voxels, Size3 size, int least, int most) {
    long one = (long) size.depth() * size.height() * size.width();
    return (int) Math.max(least, Math.min(most, voxels / one));
  }

  @Override
  public int size() {
    return views.size();
  }

  @Override
  public int atOnce() {
    return atOnce;
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
