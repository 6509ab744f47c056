package io.t3d.cli.benchmark.task;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.t3d.core.model.VolumeFeatures;
import io.t3d.core.nn.VisionEncoder.VisualTokens;
import io.t3d.core.task.TextScores;
import io.t3d.core.task.classify.FindingPrompts;
import io.t3d.core.task.internal.Embeddings;
import io.t3d.core.task.internal.training.FrozenEncoder;
import io.t3d.core.text.Sentences;
import io.t3d.data.manifest.Split;
import io.t3d.data.phantom.generate.PhantomPrompts;
import io.t3d.pipeline.TrainedModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What a pre-trained model makes of a replicate's volumes and texts, as plain numbers. Each is
 * computed when a task first asks for it, and kept for the others.
 */
public final class Frozen {
  private static final int AT_ONCE = 32;

  private final Path run;
  private final SuiteData data;
  private final double temperature;
  private final Map<String, Integer> columns = new LinkedHashMap<>();
  private final Map<Split, TextScores> scores = new EnumMap<>(Split.class);
  private final Map<Split, Projected> projected = new EnumMap<>(Split.class);
  private final Map<Split, Tokens> tokens = new EnumMap<>(Split.class);
  private float @Nullable [][] textEmbeddings; // null until asked for

  /**
   * Of a run.
   *
   * @param run folder of the pre-training run, which is done by the time a task asks
   * @param data the replicate's
   * @param temperature of text-pooled scores
   */
  public Frozen(Path run, SuiteData data, double temperature) {
    this.run = run;
    this.data = data;
    this.temperature = temperature;
  }

  /**
   * Tokens of the encoder.
   *
   * @param values {@code [n][N][C]}
   * @param grid tokens along z, y, x
   * @param pooled {@code [n][C]}, what the encoder pools itself; empty where it does not
   */
  record Tokens(float[][][] values, int[] grid, Optional<float[][]> pooled) {
    /** What linear probes read: the mean token of each volume, or what the encoder pools itself. */
    float[][] features() {
      return pooled.orElseGet(this::means);
    }

    private float[][] means() {
      float[][] out = new float[values.length][values[0][0].length];
      for (int i = 0; i < out.length; i++) {
        for (float[] token : values[i]) {
          for (int c = 0; c < token.length; c++) {
            out[i][c] += token[c] / values[i].length;
          }
        }
      }
      return out;
    }
  }

  /**
   * Volumes in the space of the reports.
   *
   * @param embeddings {@code [n][E]}, unit length
   * @param tokens projected, as they are gathered
   */
  record Projected(float[][] embeddings, Tokens tokens) {}

  private TrainedModel open() throws IOException {
    return TrainedModel.open(run);
  }

  /** The encoder's tokens before the projection. */
  Tokens tokens(SuiteData.Part part) throws IOException {
    if (!tokens.containsKey(part.split())) {
      try (TrainedModel trained = open();
          NDManager scope = trained.model().manager().newSubManager()) {
        VisualTokens h = FrozenEncoder.tokens(scope, trained.model(), part, n -> {});
        Tokens plain = copy(h.tokens(), h.depth(), h.height(), h.width());
        Optional<float[][]> pooled = h.pooled().map(own -> Embeddings.rows("pooled", own, -1));
        tokens.put(part.split(), new Tokens(plain.values(), plain.grid(), pooled));
      }
    }
    return tokens.get(part.split());
  }

  /** Embeddings and projected tokens. */
  Projected projected(SuiteData.Part part) throws IOException {
    if (!projected.containsKey(part.split())) {
      float[][] embeddings = new float[part.size()][];
      float[][][] values = new float[part.size()][][];
      int[] grid = new int[0];
      try (TrainedModel trained = open()) {
        for (int from = 0; from < part.size(); from += AT_ONCE) {
          int to = Math.min(part.size(), from + AT_ONCE);
          try (NDManager scope = trained.model().manager().newSubManager()) {
            NDArray voxels = part.load(scope, IntStream.range(from, to).toArray());
            VolumeFeatures seen = trained.model().encodeVolumeTokens(voxels);
            Tokens some = copy(seen.tokens(), seen.depth(), seen.height(), seen.width());
            float[][] v = Embeddings.rows("embeddings", seen.embeddings(), -1);
            System.arraycopy(v, 0, embeddings, from, v.length);
            System.arraycopy(some.values(), 0, values, from, v.length);
            grid = some.grid();
          }
        }
      }
      projected.put(
          part.split(), new Projected(embeddings, new Tokens(values, grid, Optional.empty())));
    }
    return projected.get(part.split());
  }

  private static Tokens copy(NDArray tokens, int depth, int height, int width) {
    int n = (int) tokens.getShape().get(0);
    int count = (int) tokens.getShape().get(1);
    int c = (int) tokens.getShape().get(2);
    float[] flat = tokens.toFloatArray();
    float[][][] values = new float[n][count][c];
    for (int i = 0; i < n; i++) {
      for (int k = 0; k < count; k++) {
        System.arraycopy(flat, (i * count + k) * c, values[i][k], 0, c);
      }
    }
    return new Tokens(values, new int[] {depth, height, width}, Optional.empty());
  }

  /**
   * How well all prompts, and all sentences of the validation and test reports, fit the volumes of
   * a part; see {@link #columns(List)}.
   */
  TextScores scores(SuiteData.Part part) throws IOException {
    if (!scores.containsKey(part.split())) {
      List<String> texts = List.copyOf(texts().keySet());
      try (TrainedModel trained = open()) {
        scores.put(
            part.split(), TextScores.of(trained.model(), part, texts, temperature, done -> {}));
      }
    }
    return scores.get(part.split());
  }

  /** Where texts stand in {@link #scores}. */
  int[] columns(List<String> texts) throws IOException {
    Map<String, Integer> known = texts();
    return texts.stream().mapToInt(known::get).toArray();
  }

  /** The texts' embeddings, {@code [T][E]}, in the columns of {@link #scores}. */
  float[][] textEmbeddings() throws IOException {
    if (textEmbeddings == null) {
      List<String> texts = List.copyOf(texts().keySet());
      try (TrainedModel trained = open();
          NDManager scope = trained.model().manager().newSubManager()) {
        textEmbeddings = Embeddings.rows("texts", trained.model().encodeReports(scope, texts), -1);
      }
    }
    return textEmbeddings;
  }

  private Map<String, Integer> texts() throws IOException {
    if (columns.isEmpty()) {
      for (FindingPrompts p : PhantomPrompts.all()) {
        p.positive().forEach(this::column);
        p.negative().forEach(this::column);
      }
      SidePrompts.all().forEach(this::column);
      for (SuiteData.Part part : List.of(data.validation(), data.test())) {
        part.reports().forEach(report -> Sentences.of(report).forEach(this::column));
      }
    }
    return columns;
  }

  private void column(String text) {
    columns.putIfAbsent(text, columns.size());
  }

  /** Embeddings of a part's whole reports, {@code [n][E]}. */
  float[][] reports(SuiteData.Part part) throws IOException {
    try (TrainedModel trained = open();
        NDManager scope = trained.model().manager().newSubManager()) {
      return Embeddings.rows("reports", trained.model().encodeReports(scope, part.reports()), -1);
    }
  }
}
