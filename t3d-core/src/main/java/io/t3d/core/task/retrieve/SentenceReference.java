package io.t3d.core.task.retrieve;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import io.t3d.core.internal.Checks;
import io.t3d.core.model.T3DModel;
import io.t3d.core.task.TextScores;
import io.t3d.core.task.VolumeBatches;
import io.t3d.core.torch.internal.NoGrad;
import java.io.IOException;
import java.util.List;
import java.util.function.IntConsumer;
import java.util.stream.IntStream;

/**
 * Tokens of reference volumes, used to normalise sentence scores: how well a sentence fits volumes
 * in general, and how much a report's scores vary ({@link PairScores}). Some 64 volumes of the
 * gallery's kind do; they take {@code 4 · N · E} bytes each. Closing frees them.
 */
public final class SentenceReference implements AutoCloseable {
  private static final int AT_ONCE = 8;
  private static final int SENTENCES_AT_ONCE = 4096;

  private final T3DModel model;
  private final NDManager manager;
  private final List<NDArray> tokens; // (b, N, E) each
  private final double temperature;

  private SentenceReference(
      T3DModel model, NDManager manager, List<NDArray> tokens, double temperature) {
    this.model = model;
    this.manager = manager;
    this.tokens = tokens;
    this.temperature = temperature;
  }

  /**
   * Encodes volumes.
   *
   * @param model must outlive this
   * @param volumes at least one
   * @param temperature of the gathering; {@code TmaConfig.gatherTemperature} of pre-training
   * @param done is told how many volumes are done
   * @throws IOException when a volume cannot be read
   * @throws IllegalArgumentException when there is no volume or the temperature is not positive
   */
  public static SentenceReference of(
      T3DModel model, VolumeBatches volumes, double temperature, IntConsumer done)
      throws IOException {
    Checks.positive("temperature", temperature);
    if (volumes.size() == 0) {
      throw new IllegalArgumentException(
          "A reference needs volumes, got none; take some of the gallery's kind");
    }
    NDManager manager = model.manager().newSubManager();
    try (NoGrad constant = new NoGrad()) {
      NDList tokens = new NDList();
      for (int from = 0; from < volumes.size(); from += AT_ONCE) {
        int to = Math.min(volumes.size(), from + AT_ONCE);
        try (NDManager step = manager.newSubManager()) {
          NDArray voxels = volumes.load(step, IntStream.range(from, to).toArray());
          NDArray some = model.encodeVolumeTokens(voxels).tokens(); // (b, N, E)
          some.attach(manager);
          tokens.add(some);
        }
        done.accept(to);
      }
      return new SentenceReference(model, manager, List.copyOf(tokens), temperature);
    } catch (IOException | RuntimeException e) {
      manager.close();
      throw e;
    }
  }

  /** Embeds sentences and scores them on the volumes. */
  Known know(List<String> sentences) {
    float[][] embeddings = new float[sentences.size()][];
    float[][] pooled = new float[count()][sentences.size()];
    for (int from = 0; from < embeddings.length; from += SENTENCES_AT_ONCE) {
      int to = Math.min(embeddings.length, from + SENTENCES_AT_ONCE);
      try (NoGrad constant = new NoGrad();
          NDManager scope = manager.newSubManager()) {
        NDArray queries = model.encodeReports(scope, sentences.subList(from, to)); // (S, E)
        int width = (int) queries.getShape().get(1);
        float[] flat = queries.toFloatArray();
        for (int s = from; s < to; s++) {
          int start = (s - from) * width;
          embeddings[s] = java.util.Arrays.copyOfRange(flat, start, start + width);
        }
        score(queries, pooled, from);
      }
    }
    return new Known(embeddings, pooled);
  }

  /**
   * Sentences as a search needs them.
   *
   * @param embeddings {@code [S][E]}
   * @param pooled {@code [volumes][S]}: text-pooled scores on the reference volumes
   */
  record Known(float[][] embeddings, float[][] pooled) {}

  private int count() {
    return tokens.stream().mapToInt(some -> (int) some.getShape().get(0)).sum();
  }

  private void score(NDArray queries, float[][] pooled, int from) {
    int volume = 0;
    for (NDArray some : tokens) {
      for (float[] row : TextScores.pooledScores(some, queries, temperature)) {
        System.arraycopy(row, 0, pooled[volume++], from, row.length);
      }
    }
  }

  T3DModel model() {
    return model;
  }

  double temperature() {
    return temperature;
  }

  NDManager newScope() {
    return manager.newSubManager();
  }

  @Override
  public void close() {
    manager.close();
  }
}
