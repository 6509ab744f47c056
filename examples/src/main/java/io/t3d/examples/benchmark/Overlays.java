package io.t3d.examples.benchmark;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.t3d.core.model.T3DModel;
import io.t3d.core.model.T3DOutput;
import io.t3d.core.model.ViewFeatures;
import io.t3d.core.volume.View;
import io.t3d.core.volume.ViewBatch;
import io.t3d.core.volume.Volume;
import java.util.List;

/**
 * What a model makes of the places of a volume, as label volumes to lay over it: which prototype
 * each visual token is nearest to, and how well each token fits the report.
 *
 * @param view the volume as the encoder sees it
 * @param clusters 1 + the nearest prototype's number among those in use
 * @param attention 1 where tokens are least like the report, {@link #LEVELS} where most
 */
record Overlays(Volume view, Volume clusters, Volume attention) {
  static final int LEVELS = 4;

  static Overlays of(T3DModel model, View view, String report) {
    try (NDManager scope = model.manager().newSubManager()) {
      ViewBatch batch = ViewBatch.collate(scope, List.of(List.of(view)));
      T3DOutput output = model.forward(batch, model.tokenize(scope, List.of(report)));
      ViewFeatures seen = output.views().get(0);
      NDArray tokens = seen.tokens().squeeze(0).normalize(2, 1); // (N, E)
      long[] nearest = tokens.matMul(output.prototypes().transpose()).argMax(1).toLongArray();
      float[] fit = tokens.matMul(output.textEmbeddings().transpose()).toFloatArray(); // (N)
      return new Overlays(
          view.crop(),
          spread(view.crop(), seen, ranks(nearest)),
          spread(view.crop(), seen, levels(fit)));
    }
  }

  /** 1, 2, … in the order in which prototypes appear. */
  private static int[] ranks(long[] prototypes) {
    List<Long> used = java.util.Arrays.stream(prototypes).boxed().distinct().toList();
    return java.util.Arrays.stream(prototypes).mapToInt(p -> 1 + used.indexOf(p)).toArray();
  }

  private static int[] levels(float[] values) {
    float low = Float.POSITIVE_INFINITY;
    float high = Float.NEGATIVE_INFINITY;
    for (float v : values) {
      low = Math.min(low, v);
      high = Math.max(high, v);
    }
    int[] levels = new int[values.length];
    for (int i = 0; i < levels.length; i++) {
      double share = (values[i] - low) / Math.max(high - low, 1e-9f);
      levels[i] = 1 + (int) Math.min(LEVELS - 1, Math.floor(share * LEVELS));
    }
    return levels;
  }

  /** Each voxel gets the value of its token's region. */
  private static Volume spread(Volume like, ViewFeatures seen, int[] values) {
    float[] voxels = new float[like.voxels().length];
    int at = 0;
    for (int z = 0; z < like.depth(); z++) {
      int tz = z * seen.grid().depth() / like.depth();
      for (int y = 0; y < like.height(); y++) {
        int ty = y * seen.grid().height() / like.height();
        for (int x = 0; x < like.width(); x++) {
          int tx = x * seen.grid().width() / like.width();
          int token = (tz * seen.grid().height() + ty) * seen.grid().width() + tx;
          voxels[at++] = values[token];
        }
      }
    }
    return new Volume(voxels, like.depth(), like.height(), like.width(), like.affine());
  }
}
