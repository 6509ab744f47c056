package io.t3d.pipeline.internal;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.t3d.core.task.VolumeBatches;
import io.t3d.core.volume.View;
import io.t3d.core.volume.ViewBatch;
import io.t3d.data.internal.BoundedCache;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.prepare.PreparedVolumes;
import io.t3d.data.view.MultiViewSampler;
import io.t3d.pipeline.DataConfig;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** The volumes of rows as evaluation sees them, kept in memory as far as the settings allow. */
public final class RowVolumes implements VolumeBatches {
  private final List<ManifestRow> rows;
  private final PreparedVolumes volumes;
  private final MultiViewSampler sampler;
  private final BoundedCache<Integer, View> cache;

  /**
   * Volumes of rows.
   *
   * @param data the preparation that the encoder was trained with
   */
  public RowVolumes(DataConfig data, List<ManifestRow> rows) {
    this.rows = List.copyOf(rows);
    this.volumes = new PreparedVolumes(data.preprocessing(), rows);
    this.sampler = new MultiViewSampler(data.views());
    this.cache = BoundedCache.ofMegabytes(data.cacheMegabytes());
  }

  @Override
  public int size() {
    return rows.size();
  }

  @Override
  public NDArray load(NDManager owner, int[] which) throws IOException {
    List<View> views;
    try {
      views = Arrays.stream(which).parallel().mapToObj(this::view).toList();
    } catch (UncheckedIOException e) {
      throw e.getCause();
    }
    return ViewBatch.collate(owner, views.stream().map(List::of).toList()).slots().get(0).voxels();
  }

  private View view(int row) {
    Optional<View> kept = cache.get(row);
    if (kept.isPresent()) {
      return kept.get();
    }
    try {
      View view = sampler.centerOfOneSize(volumes.load(rows.get(row).volume()).readAll());
      cache.keep(row, (long) Float.BYTES * view.crop().voxels().length, () -> view);
      return view;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
