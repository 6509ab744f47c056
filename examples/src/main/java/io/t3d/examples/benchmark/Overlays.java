package io.t3d.examples.benchmark;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.t3d.core.model.T3DModel;
import io.t3d.core.model.T3DOutput;
import io.t3d.core.model.TokenGrid;
import io.t3d.core.model.ViewFeatures;
import io.t3d.core.text.TokenBatch;
import io.t3d.core.volume.View;
import io.t3d.core.volume.ViewBatch;
import io.t3d.core.volume.Volume;
import java.util.Arrays;
import java.util.List;

/**
 * What a model makes of the places of a volume, as volumes to lay over it.
 *
 * @param view the volume as the encoder sees it
 * @param clusters 1 + the nearest prototype's number among those in use
 * @param likeness each visual token's cosine with the report's embedding
 * @param attention what share of its attention each visual token gives to a sentence of the report,
 *     in the text-informed fusion, mean over heads; of the sentence for which tokens differ most
 * @param sentence that sentence
 */
record Overlays(Volume view, Volume clusters, Heat likeness, Heat attention, String sentence) {
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
    try (NDManager scope = model.manager().newSubManager()) {
      ViewBatch batch = ViewBatch.collate(scope, List.of(List.of(view)));
      TokenBatch words = model.tokenize(scope, List.of(report));
      T3DOutput output = model.forward(batch, words);
      ViewFeatures seen = output.views().get(0);
      NDArray tokens = seen.tokens().squeeze(0).normalize(2, 1); // (N, E)
      long[] nearest = tokens.matMul(output.prototypes().transpose()).argMax(1).toLongArray();
      float[] fit = tokens.matMul(output.textEmbeddings().transpose()).toFloatArray(); // (N)
      NDArray weights = model.reportAttention(batch, words).get(0).weights(); // (1, A, N, L)
      float[][] byWord = rows(weights.squeeze(0).mean(new int[] {0})); // (N, L)
      List<String> sentences = sentences(report);
      float[][] bySentence = shares(byWord, lengths(model, sentences));
      int most = widest(bySentence);
      TokenGrid grid = seen.grid();
      return new Overlays(
          view.crop(),
          spread(view.crop(), grid, ranks(nearest)),
          Heat.of(view.crop(), grid, fit),
          Heat.of(view.crop(), grid, bySentence[most]),
          sentences.get(most));
    }
  }

  static List<String> sentences(String report) {
    return Arrays.stream(report.split("(?<=[.!?])\\s+")).filter(s -> !s.isBlank()).toList();
  }

  /** Tokens of each sentence. A report's tokens are theirs, one after another. */
  private static int[] lengths(T3DModel model, List<String> sentences) {
    return sentences.stream().mapToInt(s -> model.tokenizer().tokens(s).size() - 2).toArray();
  }

  /**
   * The attention that goes to each sentence.
   *
   * @param byWord {@code [N][L]}, the first and the last of L tokens mark the report's ends
   * @param lengths tokens of each sentence
   * @return {@code [sentence][N]}; what was cut off gets nothing
   */
  static float[][] shares(float[][] byWord, int[] lengths) {
    float[][] out = new float[lengths.length][byWord.length];
    for (int n = 0; n < byWord.length; n++) {
      int last = byWord[n].length - 1;
      int at = 1;
      for (int s = 0; s < lengths.length; s++) {
        for (int end = Math.min(last, at + lengths[s]); at < end; at++) {
          out[s][n] += byWord[n][at];
        }
      }
    }
    return out;
  }

  /** The row whose values differ most. */
  static int widest(float[][] rows) {
    int best = 0;
    double widest = -1;
    for (int i = 0; i < rows.length; i++) {
      float low = Float.POSITIVE_INFINITY;
      float high = Float.NEGATIVE_INFINITY;
      for (float v : rows[i]) {
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

  private static float[][] rows(NDArray matrix) {
    int columns = (int) matrix.getShape().get(1);
    float[] all = matrix.toFloatArray();
    float[][] rows = new float[(int) matrix.getShape().get(0)][];
    for (int i = 0; i < rows.length; i++) {
      rows[i] = Arrays.copyOfRange(all, i * columns, (i + 1) * columns);
    }
    return rows;
  }

  /** 1, 2, … in the order in which prototypes appear. */
  private static float[] ranks(long[] prototypes) {
    List<Long> used = Arrays.stream(prototypes).boxed().distinct().toList();
    float[] ranks = new float[prototypes.length];
    for (int i = 0; i < ranks.length; i++) {
      ranks[i] = 1 + used.indexOf(prototypes[i]);
    }
    return ranks;
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
