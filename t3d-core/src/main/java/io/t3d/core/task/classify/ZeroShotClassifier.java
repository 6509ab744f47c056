package io.t3d.core.task.classify;

import ai.djl.ndarray.NDArray;
import io.t3d.core.internal.Shapes;
import io.t3d.core.task.TextScores;
import io.t3d.core.task.internal.Embeddings;
import io.t3d.core.task.internal.Logistic;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.stream.Stream;

/**
 * Zero-shot classification: compares a volume with prompts that state a finding and prompts that
 * deny it.
 *
 * <pre>{@code
 * w± = norm( mean over prompts of norm(text embedding) )
 * p(finding) = softmax( exp(logitScale) · (cos(v, w+), cos(v, w-)) )[0]
 * }</pre>
 *
 * <p>Prompt ensembles: Radford et al., 2021, section 3.1.4; pairs of positive and negative prompts:
 * Tiu et al., 2022, CheXzero. The text is encoded once, at creation; the classifier then holds
 * plain arrays, needs no closing and is safe for many threads.
 *
 * <p>This is the global score; {@link ZeroShotScorer} adds those that read tokens.
 */
public final class ZeroShotClassifier {
  private final List<FindingPrompts> prompts;
  private final List<String> findings;
  private final float[][] positive; // [label][E], unit length
  private final float[][] negative;
  private final double scale;

  private ZeroShotClassifier(
      List<FindingPrompts> prompts, float[][] positive, float[][] negative, double scale) {
    this.prompts = List.copyOf(prompts);
    this.findings = prompts.stream().map(FindingPrompts::finding).toList();
    this.positive = positive;
    this.negative = negative;
    this.scale = scale;
  }

  /**
   * Encodes the prompts.
   *
   * @param encoder e.g. {@code model::encodeReports}
   * @param prompts one entry per label
   * @param logitScale the model's learned log inverse temperature; {@code exp()} is taken here. It
   *     sharpens probabilities and does not change their order.
   * @throws IllegalArgumentException when there are no prompts, two labels share a name, the
   *     encoder's array is not {@code (n, E)}, float32, or the scale is not finite
   */
  public static ZeroShotClassifier create(
      ReportEncoder encoder, List<FindingPrompts> prompts, double logitScale) {
    List<String> findings = prompts.stream().map(FindingPrompts::finding).toList();
    if (findings.isEmpty() || new HashSet<>(findings).size() < findings.size()) {
      throw new IllegalArgumentException(
          "Zero-shot classification needs findings with different names, got " + findings);
    }
    if (!Double.isFinite(logitScale)) {
      throw new IllegalArgumentException("logitScale must be finite, got " + logitScale);
    }
    List<float[]> positive = new ArrayList<>();
    List<float[]> negative = new ArrayList<>();
    for (FindingPrompts p : prompts) {
      positive.add(ensemble(encoder, p.positive()));
      negative.add(ensemble(encoder, p.negative()));
    }
    return new ZeroShotClassifier(
        prompts,
        positive.toArray(new float[0][]),
        negative.toArray(new float[0][]),
        Math.exp(logitScale));
  }

  /** The mean of the texts' embeddings, at unit length. */
  private static float[] ensemble(ReportEncoder encoder, List<String> texts) {
    try (NDArray encoded = encoder.encode(texts)) {
      Shapes.check(
          "The encoder's embeddings", encoded, "n, E", "one row per text", texts.size(), -1);
      float[][] rows = Embeddings.rows("The encoder's embeddings", encoded, -1);
      float[] mean = new float[rows[0].length];
      for (float[] row : rows) {
        double norm = norm(row);
        for (int e = 0; e < mean.length; e++) {
          mean[e] += (float) (row[e] / norm);
        }
      }
      double norm = norm(mean);
      for (int e = 0; e < mean.length; e++) {
        mean[e] = (float) (mean[e] / norm);
      }
      return mean;
    }
  }

  /** The labels, in the order of the classifier's columns. */
  public List<String> findings() {
    return findings;
  }

  /** The prompts of all findings, each once: what {@link TextScores} must hold for this. */
  public List<String> texts() {
    return prompts.stream()
        .flatMap(p -> Stream.concat(p.positive().stream(), p.negative().stream()))
        .distinct()
        .toList();
  }

  /**
   * The probability of each finding in each volume.
   *
   * @param imageEmbeddings {@code (B, E)}, float32; normalised here
   * @return {@code [B][labels]}, in [0, 1]
   * @throws IllegalArgumentException when the shape or dtype differs
   */
  public double[][] classify(NDArray imageEmbeddings) {
    Shapes.check(
        "imageEmbeddings",
        imageEmbeddings,
        "B, E",
        "image and text embeddings must come from one model",
        -1,
        positive[0].length);
    return classify(Embeddings.rows("imageEmbeddings", imageEmbeddings, positive[0].length));
  }

  /**
   * The probability of each finding in each volume.
   *
   * @param imageEmbeddings {@code [B][E]}; normalised here
   * @return {@code [B][labels]}, in [0, 1]
   * @throws IllegalArgumentException when a row's length differs
   */
  public double[][] classify(float[][] imageEmbeddings) {
    return logistic(logits(imageEmbeddings));
  }

  /**
   * {@code exp(logitScale) · (cos(v, w+) - cos(v, w-))}: what {@link #classify(float[][])} makes
   * probabilities of. Volumes that a confident model gives a probability of 1 in double precision
   * still differ here: rank and measure by these.
   *
   * @param imageEmbeddings {@code [B][E]}; normalised here
   * @return {@code [B][labels]}; above 0 speaks for the finding
   * @throws IllegalArgumentException when a row's length differs
   */
  public double[][] logits(float[][] imageEmbeddings) {
    return scaled(margins(imageEmbeddings), scale);
  }

  /** Multiplies in place. */
  static double[][] scaled(double[][] margins, double scale) {
    for (double[] row : margins) {
      for (int label = 0; label < row.length; label++) {
        row[label] *= scale;
      }
    }
    return margins;
  }

  /** Probabilities of logits, in place. */
  static double[][] logistic(double[][] logits) {
    for (double[] row : logits) {
      for (int label = 0; label < row.length; label++) {
        row[label] = Logistic.of(row[label]);
      }
    }
    return logits;
  }

  /** {@code cos(v, w+) - cos(v, w-)}, {@code [B][labels]}. */
  double[][] margins(float[][] imageEmbeddings) {
    double[][] out = new double[imageEmbeddings.length][findings.size()];
    for (int i = 0; i < out.length; i++) {
      float[] image = imageEmbeddings[i];
      if (image.length != positive[0].length) {
        throw new IllegalArgumentException(
            "imageEmbeddings must have E = "
                + positive[0].length
                + " columns, got "
                + image.length
                + " in row "
                + i
                + "; image and text embeddings must come from one model");
      }
      double norm = norm(image);
      for (int label = 0; label < findings.size(); label++) {
        out[i][label] = (dot(image, positive[label]) - dot(image, negative[label])) / norm;
      }
    }
    return out;
  }

  /** Mean text-pooled score of the prompts for a finding minus that of those against it. */
  double[][] pooledMargins(TextScores volumes) {
    double[][] out = new double[volumes.volumes().length][findings.size()];
    for (int label = 0; label < findings.size(); label++) {
      int[] stating = volumes.columns(prompts.get(label).positive());
      int[] denying = volumes.columns(prompts.get(label).negative());
      for (int i = 0; i < out.length; i++) {
        float[] pooled = volumes.pooled()[i];
        out[i][label] = mean(pooled, stating) - mean(pooled, denying);
      }
    }
    return out;
  }

  private static double mean(float[] values, int[] at) {
    return Arrays.stream(at).mapToDouble(t -> values[t]).average().orElseThrow();
  }

  /** {@code exp(logitScale)}. */
  double scale() {
    return scale;
  }

  private static double norm(float[] v) {
    // An all-zero vector is like nothing: cosine 0, probability one half.
    return Math.max(Math.sqrt(dot(v, v)), 1e-12);
  }

  private static double dot(float[] a, float[] b) {
    double sum = 0;
    for (int i = 0; i < a.length; i++) {
      sum += (double) a[i] * b[i];
    }
    return sum;
  }
}
