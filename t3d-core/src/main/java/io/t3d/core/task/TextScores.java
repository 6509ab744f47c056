package io.t3d.core.task;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.t3d.core.internal.Scopes;
import io.t3d.core.internal.kernel.TokenGather;
import io.t3d.core.model.T3DModel;
import io.t3d.core.model.VolumeFeatures;
import io.t3d.core.task.internal.Embeddings;
import io.t3d.core.torch.internal.NoGrad;
import java.io.IOException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/**
 * Scores of T texts on n volumes, by the volume's embedding and by the tokens that gather around
 * each text.
 *
 * <pre>{@code
 * global(i, t) = cos(v(i), q(t))
 * pooled(i, t) = cos( Σ(n) softmax(n)( cos(p(i,n), q(t)) / temperature ) p(i,n), q(t) )
 * }</pre>
 *
 * <p>Volumes are read and encoded once, a few at a time, and texts are scored in blocks: memory is
 * {@code 8 · n · T} bytes and does not grow with n · N or n · T · E.
 *
 * @param texts T texts, the columns
 * @param volumes {@code [n][E]}: the volumes' embeddings, L2-normalised
 * @param global {@code [n][T]}
 * @param pooled {@code [n][T]}
 */
public record TextScores(
    List<String> texts, float[][] volumes, float[][] global, float[][] pooled) {
  private static final int VOLUMES_AT_ONCE = 8;
  private static final int TEXTS_AT_ONCE = 256;

  /** Copies the texts and checks the sizes. */
  public TextScores {
    texts = List.copyOf(texts);
    checkSize("global", global, volumes.length, texts.size());
    checkSize("pooled", pooled, volumes.length, texts.size());
  }

  /** The sizes and the texts. */
  @Override
  public String toString() {
    return "TextScores[" + volumes.length + " volumes, " + texts.size() + " texts: " + texts + "]";
  }

  private static void checkSize(String name, float[][] scores, int n, int t) {
    if (scores.length != n || IntStream.range(0, n).anyMatch(i -> scores[i].length != t)) {
      throw new IllegalArgumentException(
          name
              + " must be [n][T] = ["
              + n
              + "]["
              + t
              + "], got "
              + scores.length
              + " rows"
              + (scores.length == 0 ? "" : ", the first of " + scores[0].length));
    }
  }

  /**
   * Scores all texts on all volumes.
   *
   * @param model stays as it is
   * @param volumes n, at least one; asked for in order, each once
   * @param texts T, at least one, none blank
   * @param temperature of the gathering; {@code TmaConfig.gatherTemperature} of pre-training
   * @param done is told how many volumes are done
   * @throws IOException when a volume cannot be read
   * @throws IllegalArgumentException when there is no volume or no text
   */
  public static TextScores of(
      T3DModel model,
      VolumeBatches volumes,
      List<String> texts,
      double temperature,
      IntConsumer done)
      throws IOException {
    if (volumes.size() == 0 || texts.isEmpty()) {
      throw new IllegalArgumentException(
          "Text scores need volumes and texts, got " + volumes.size() + " and " + texts.size());
    }
    int n = volumes.size();
    TextScores all =
        new TextScores(
            texts, new float[n][], new float[n][texts.size()], new float[n][texts.size()]);
    try (NoGrad constant = new NoGrad();
        NDManager scope = model.manager().newSubManager()) {
      NDArray queries = model.encodeReports(scope, texts); // (T, E)
      int atOnce = Math.min(VOLUMES_AT_ONCE, volumes.atOnce());
      for (int from = 0; from < n; from += atOnce) {
        int to = Math.min(n, from + atOnce);
        try (NDManager step = scope.newSubManager()) {
          VolumeFeatures seen =
              model.encodeVolumeTokens(volumes.load(step, IntStream.range(from, to).toArray()));
          float[][] rows = Embeddings.rows("volumes", seen.embeddings(), -1);
          System.arraycopy(rows, 0, all.volumes, from, rows.length);
          put(globalScores(seen.embeddings(), queries), all.global, from);
          put(pooledScores(seen.tokens(), queries, temperature), all.pooled, from);
        }
        done.accept(to);
      }
    }
    return all;
  }

  private static void put(float[][] some, float[][] all, int from) {
    System.arraycopy(some, 0, all, from, some.length);
  }

  private static float[][] globalScores(NDArray embeddings, NDArray queries) {
    try (NDManager scope = embeddings.getManager().newSubManager()) {
      NDArray scores =
          Scopes.handle(embeddings, scope).matMul(Scopes.handle(queries, scope).transpose());
      return Embeddings.rows("global", scores, -1); // (b, T)
    }
  }

  /**
   * Expert: the text-pooled scores of volumes whose tokens are at hand, e.g. kept from an earlier
   * {@link T3DModel#encodeVolumeTokens}.
   *
   * @param tokens {@code (B, N, E)}, float32
   * @param queries {@code (T, E)}, float32, L2-normalised; texts are scored in blocks
   * @param temperature of the gathering
   * @return {@code [B][T]}
   */
  public static float[][] pooledScores(NDArray tokens, NDArray queries, double temperature) {
    int b = (int) tokens.getShape().get(0);
    int all = (int) queries.getShape().get(0);
    float[][] out = new float[b][all];
    for (int from = 0; from < all; from += TEXTS_AT_ONCE) {
      int to = Math.min(all, from + TEXTS_AT_ONCE);
      try (NDManager scope = tokens.getManager().newSubManager()) {
        NDArray q = Scopes.handle(queries, scope).get(from + ":" + to); // (t, E)
        NDArray z = TokenGather.gather(Scopes.handle(tokens, scope), q, temperature); // (B, t, E)
        float[] scores = z.mul(q).sum(new int[] {2}).toFloatArray(); // (B, t)
        for (int i = 0; i < b; i++) {
          System.arraycopy(scores, i * (to - from), out[i], from, to - from);
        }
      }
    }
    return out;
  }

  /**
   * Where texts stand among the columns.
   *
   * @param some any of the texts
   * @throws IllegalArgumentException when one was not scored
   */
  public int[] columns(List<String> some) {
    Map<String, Integer> at = new HashMap<>();
    for (int t = 0; t < texts.size(); t++) {
      at.putIfAbsent(texts.get(t), t);
    }
    return some.stream()
        .mapToInt(
            text -> {
              Integer column = at.get(text);
              if (column == null) {
                throw new IllegalArgumentException(
                    "TextScores lacks the text \""
                        + text
                        + "\" among its "
                        + texts.size()
                        + "; score all texts of a task together");
              }
              return column;
            })
        .toArray();
  }
}
