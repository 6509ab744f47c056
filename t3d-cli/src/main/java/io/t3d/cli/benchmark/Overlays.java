package io.t3d.cli.benchmark;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.t3d.cli.picture.TokenHeat;
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
record Overlays(
    Volume view, Volume clusters, TokenHeat likeness, TokenHeat relevance, String sentence) {
  private static final double GATHER_TEMPERATURE = TmaConfig.defaults().gatherTemperature();

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
          TokenHeat.spread(view.crop(), grid, numbers(nearest)),
          TokenHeat.of(view.crop(), grid, fit),
          TokenHeat.of(view.crop(), grid, most.weights()),
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
}
