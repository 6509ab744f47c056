package io.t3d.core.task;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.t3d.core.model.T3DModel;
import io.t3d.core.model.VolumeFeatures;
import io.t3d.core.tensor.Scopes;
import io.t3d.core.torch.NoGrad;
import io.t3d.core.torch.TokenGather;
import java.io.IOException;
import java.util.List;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/**
 * How well T texts fit n volumes: by the volume as a whole, and by the tokens that gather around
 * the text.
 *
 * <pre>{@code
 * global(i, t) = cos(v(i), q(t))
 * pooled(i, t) = cos( Σ(n) softmax(n)( cos(p(i,n), q(t)) / temperature ) p(i,n), q(t) )
 * }</pre>
 *
 * <p>Volumes are read a few at a time and texts are scored in blocks, so that memory does not grow
 * with n · N or n · T · E.
 *
 * @param texts {@code [T][E]}: the texts' embeddings, L2-normalised
 * @param global {@code [n][T]}
 * @param pooled {@code [n][T]}
 */
public record TextScores(float[][] texts, float[][] global, float[][] pooled) {
  private static final int VOLUMES_AT_ONCE = 8;
  private static final int TEXTS_AT_ONCE = 256;

  /**
   * Scores all texts on all volumes.
   *
   * @param model stays as it is
   * @param volumes n, at least one
   * @param texts T, none blank
   * @param temperature of the gathering; {@code TmaConfig.gatherTemperature} of pre-training
   * @param done is told how many volumes are done
   * @throws IOException when a volume cannot be read
   */
  public static TextScores of(
      T3DModel model,
      VolumeBatches volumes,
      List<String> texts,
      double temperature,
      IntConsumer done)
      throws IOException {
    float[][] global = new float[volumes.size()][texts.size()];
    float[][] pooled = new float[volumes.size()][texts.size()];
    try (NoGrad constant = new NoGrad();
        NDManager all = model.manager().newSubManager()) {
      NDArray q = model.encodeReports(all, texts); // (T, E)
      for (int from = 0; from < volumes.size(); from += VOLUMES_AT_ONCE) {
        int to = Math.min(volumes.size(), from + VOLUMES_AT_ONCE);
        try (NDManager scope = all.newSubManager()) {
          VolumeFeatures seen =
              model.encodeVolumeTokens(volumes.load(scope, IntStream.range(from, to).toArray()));
          for (int t = 0; t < texts.size(); t += TEXTS_AT_ONCE) {
            try (NDManager block = scope.newSubManager()) {
              String rows = t + ":" + Math.min(texts.size(), t + TEXTS_AT_ONCE);
              score(block, seen, Scopes.handle(q, block).get(rows), temperature)
                  .put(global, pooled, from, t);
            }
          }
        }
        done.accept(to);
      }
      return new TextScores(Embeddings.rows("texts", q, -1), global, pooled);
    }
  }

  private record Block(NDArray global, NDArray pooled) {
    void put(float[][] allGlobal, float[][] allPooled, int row, int column) {
      int count = (int) global.getShape().get(1);
      float[] g = global.toFloatArray();
      float[] p = pooled.toFloatArray();
      for (int i = 0; i < global.getShape().get(0); i++) {
        System.arraycopy(g, i * count, allGlobal[row + i], column, count);
        System.arraycopy(p, i * count, allPooled[row + i], column, count);
      }
    }
  }

  private static Block score(NDManager block, VolumeFeatures seen, NDArray q, double temperature) {
    NDArray v = Scopes.handle(seen.embeddings(), block); // (b, E)
    NDArray p = Scopes.handle(seen.tokens(), block); // (b, N, E)
    NDArray z = TokenGather.gather(p, q, temperature); // (b, t, E)
    return new Block(v.matMul(q.transpose()), z.mul(q).sum(new int[] {2})); // (b, t)
  }
}
