package io.t3d.pipeline;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.t3d.core.task.VolumeBatches;
import io.t3d.core.volume.View;
import io.t3d.core.volume.ViewBatch;
import java.util.List;

/** A view that is at hand, as a batch of one. */
record OneView(View view) implements VolumeBatches {
  @Override
  public int size() {
    return 1;
  }

  @Override
  public NDArray load(NDManager owner, int[] which) {
    return voxels(owner, view);
  }

  /** {@code (1, 1, D, H, W)}, float32. */
  static NDArray voxels(NDManager owner, View view) {
    return ViewBatch.collate(owner, List.of(List.of(view))).slots().get(0).voxels();
  }
}
