package io.t3d.cli.benchmark;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.t3d.core.model.Relevance;
import io.t3d.core.model.T3DModel;
import io.t3d.core.model.TokenGrid;
import io.t3d.core.text.Sentences;
import io.t3d.core.volume.View;
import io.t3d.core.volume.ViewBatch;
import io.t3d.core.volume.Volume;
import io.t3d.losses.TmaConfig;
import java.util.List;

/**
 * What a model makes of the places of a volume, as volumes to lay over it.
 *
 * @param view the volume as the encoder sees it
 * @param clusters 1 + the number of the report's sentence that each visual token is most like
 * @param likeness each visual token's cosine with the report's embedding
 * @param relevance weights with which visual tokens gather around a sentence of the report; of the
 *     sentence for which they differ most
 * @param sentence that sentence
 */
record Overlays(Volume view, Volume clusters, Heat likeness, Heat relevance, String sentence) {
  private static final double GATHER_TEMPERATURE = TmaConfig.defaults().gatherTemperature();

  /**
   * Values scaled to [0, 1].
   *
   * @param scaled one value per voxel
   * @param low what 0 stands for
   * @param high what 1 stands for
   */
  record Heat(Volume scaled, float low, float high) {
    static Heat of(Volume like, TokenGrid grid, float[] values) {
      float low = Float.POSITIVE_INFINITY;
      float high = Float.NEGATIVE_INFINITY;
      for (float v : values) {
        low = Math.min(low, v);
        high = Math.max(high, v);
      }
      float[] scaled = new float[values.length];
      for (int i = 0; i < scaled.length; i++) {
        scaled[i] = (values[i] - low) / Math.max(high - low, 1e-9f);
      }
      return new Heat(spread(like, grid, scaled), low, high);
    }
  }

  static Overlays of(T3DModel model, View view, String report) {
    List<String> sentences = Sentences.of(report);
    try (NDManager scope = model.manager().newSubManager()) {
      NDArray voxels = ViewBatch.collate(scope, List.of(List.of(view))).slots().get(0).voxels();
      NDArray tokens =
          model.encodeVolumeTokens(voxels).tokens().squeeze(0).normalize(2, 1); // (N, E)
      NDArray texts = model.encodeReports(scope, sentences); // (S, E)
      long[] nearest = tokens.matMul(texts.transpose()).argMax(1).toLongArray();
      float[] fit =
          tokens.matMul(model.encodeReports(scope, List.of(report)).transpose()).toFloatArray();
      List<Relevance> relevance = model.relevance(view.crop(), sentences, GATHER_TEMPERATURE);
      Relevance most = relevance.get(widest(relevance));
      TokenGrid grid = most.grid();
      return new Overlays(
          view.crop(),
          spread(view.crop(), grid, numbers(nearest)),
          Heat.of(view.crop(), grid, fit),
          Heat.of(view.crop(), grid, most.weights()),
          most.text());
    }
  }

  /** The one whose weights differ most. */
  static int widest(List<Relevance> all) {
    int best = 0;
    double widest = -1;
    for (int i = 0; i < all.size(); i++) {
      float low = Float.POSITIVE_INFINITY;
      float high = Float.NEGATIVE_INFINITY;
      for (float v : all.get(i).weights()) {
        low = Math.min(low, v);
        high = Math.max(high, v);
      }
      if (high - low > widest) {
        widest = high - low;
        best = i;
      }
    }
    return best;
  }

  private static float[] numbers(long[] nearest) {
    float[] numbers = new float[nearest.length];
    for (int i = 0; i < numbers.length; i++) {
      numbers[i] = 1 + nearest[i];
    }
    return numbers;
  }

  /** Each voxel gets the value of its token's region. */
  private static Volume spread(Volume like, TokenGrid grid, float[] values) {
    float[] voxels = new float[like.voxels().length];
    int at = 0;
    for (int z = 0; z < like.depth(); z++) {
      int tz = z * grid.depth() / like.depth();
      for (int y = 0; y < like.height(); y++) {
        int ty = y * grid.height() / like.height();
        for (int x = 0; x < like.width(); x++) {
          int tx = x * grid.width() / like.width();
          voxels[at++] = values[(tz * grid.height() + ty) * grid.width() + tx];
        }
      }
    }
    return new Volume(voxels, like.depth(), like.height(), like.width(), like.affine());
  }
}
