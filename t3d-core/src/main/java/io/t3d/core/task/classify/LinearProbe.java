package io.t3d.core.task.classify;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.config.Configs;
import io.t3d.core.eval.LabelMatrix;
import io.t3d.core.file.Safetensors;
import io.t3d.core.task.internal.Embeddings;
import io.t3d.core.task.internal.Logistic;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * Multi-label logistic regression on frozen embeddings: measures what a linear classifier can read
 * from them.
 *
 * <pre>{@code
 * min over (w, b):  Σ over known samples  c·log(1 + exp(∓(w·z + b)))  +  λ/2·|w|²
 * z = (x - mean) / deviation of the training set;  c = positiveWeight for positives, 1 otherwise
 * }</pre>
 *
 * <p>The same minimum as scikit-learn's {@code LogisticRegression(C=1/λ)} per label, when no
 * validation set stops it earlier. A sample whose label is not known is left out for that label; a
 * label of which the training set has one class only gets the constant {@code log((p + ½) / (n +
 * ½))}. Holds plain arrays, needs no closing and is safe for many threads.
 */
public final class LinearProbe {
  private final List<String> labels;
  private final double[][] weight; // [L][D], for features as they come
  private final double[] bias; // [L]

  private LinearProbe(List<String> labels, double[][] weight, double[] bias) {
    this.labels = labels;
    this.weight = weight;
    this.bias = bias;
  }

  /**
   * Trains to the minimum.
   *
   * @param features {@code [N][D]}, finite
   * @param labels of the same N samples
   * @param config regularization, class weights and when to stop; patience is not looked at
   * @throws IllegalArgumentException when there is no sample, counts or widths differ, or a feature
   *     is not finite
   */
  public static LinearProbe fit(float[][] features, LabelMatrix labels, ProbeConfig config) {
    return fit(features, labels, new float[0][], labels.select(new int[0]), config);
  }

  /**
   * Trains with early stopping: each label keeps the point of its walk with the lowest validation
   * loss.
   *
   * @param features {@code [N][D]}, finite
   * @param labels of the same N samples
   * @param validation {@code [M][D]}; of patients that the training set does not know
   * @param validationLabels of the same M samples, the same labels in the same order
   * @param config regularization, class weights and when to stop
   * @throws IllegalArgumentException when there is no sample, counts, widths or labels differ, or a
   *     feature is not finite
   */
  public static LinearProbe fit(
      float[][] features,
      LabelMatrix labels,
      float[][] validation,
      LabelMatrix validationLabels,
      ProbeConfig config) {
    if (features.length == 0) {
      throw new IllegalArgumentException("A probe needs training samples, got none");
    }
    int width = features[0].length;
    Embeddings.check("features", features, labels.size(), width);
    Embeddings.check("validation features", validation, validationLabels.size(), width);
    labels.requireNamesOf(validationLabels, "Training and validation");
    Standardization scaling =
        config.standardize() ? Standardization.of(features) : Standardization.none(width);
    float[][] train = scaling.apply(features);
    float[][] held = scaling.apply(validation);
    // Labels do not know each other: the order of the threads changes nothing.
    double[][] points =
        IntStream.range(0, labels.names().size())
            .parallel()
            .mapToObj(label -> fitLabel(label, train, labels, held, validationLabels, config))
            .toArray(double[][]::new);
    double[][] weight = new double[points.length][];
    double[] bias = new double[points.length];
    for (int label = 0; label < points.length; label++) {
      weight[label] = scaling.unscaledWeight(points[label]);
      bias[label] = scaling.unscaledBias(points[label]);
    }
    return new LinearProbe(labels.names(), weight, bias);
  }

  private static double[] fitLabel(
      int label,
      float[][] train,
      LabelMatrix labels,
      float[][] held,
      LabelMatrix heldLabels,
      ProbeConfig config) {
    int width = train[0].length;
    int positives = labels.positives(label);
    int negatives = labels.negatives(label);
    double[] start = new double[width + 1];
    if (positives == 0 || negatives == 0) {
      start[width] = Math.log((positives + 0.5) / (negatives + 0.5));
      return start;
    }
    double positiveWeight =
        config.classWeighting() ? labels.positiveWeight(label, config.maxPositiveWeight()) : 1;
    ProbeLoss loss = known(train, labels, label, positiveWeight, config.l2());
    ProbeLoss validation = known(held, heldLabels, label, positiveWeight, 0);
    if (validation.positive().length == 0) {
      return Lbfgs.minimize(loss, start, config.maxIterations(), config.tolerance(), point -> true);
    }
    BestPoint best = new BestPoint(validation, config.patience(), start);
    Lbfgs.minimize(loss, start, config.maxIterations(), config.tolerance(), best::goOn);
    return best.point;
  }

  private static ProbeLoss known(
      float[][] features, LabelMatrix labels, int label, double positiveWeight, double l2) {
    int[] rows =
        IntStream.range(0, labels.size())
            .filter(i -> !Double.isNaN(labels.values()[i][label]))
            .toArray();
    boolean[] positive = new boolean[rows.length];
    float[][] some = new float[rows.length][];
    for (int i = 0; i < rows.length; i++) {
      positive[i] = labels.values()[rows[i]][label] == 1;
      some[i] = features[rows[i]];
    }
    return new ProbeLoss(some, positive, positiveWeight, l2);
  }

  /**
   * Remembers the point with the lowest validation loss. The start is none of them: with few labels
   * each step may cost likelihood, yet the first already has a direction, and all zeros have none.
   */
  private static final class BestPoint {
    private final ProbeLoss validation;
    private final int patience;
    private double[] point;
    private double lowest = Double.POSITIVE_INFINITY;
    private int worse;

    BestPoint(ProbeLoss validation, int patience, double[] start) {
      this.validation = validation;
      this.patience = patience;
      this.point = start;
    }

    boolean goOn(double[] next) {
      double loss = validation.mean(next);
      worse = loss < lowest ? 0 : worse + 1;
      if (loss < lowest) {
        lowest = loss;
        point = next.clone();
      }
      return worse < patience;
    }
  }

  /** The labels, in the order of the columns. */
  public List<String> labels() {
    return labels;
  }

  /** D, the width of a feature vector. */
  public int width() {
    return weight[0].length;
  }

  /**
   * The probability of each label; calibrated to balanced classes when they were weighted.
   *
   * @param features {@code [B][D]}
   * @return {@code [B][L]}, in [0, 1]
   * @throws IllegalArgumentException when a width differs or a feature is not finite
   */
  public double[][] probabilities(float[][] features) {
    double[][] out = scores(features);
    for (double[] row : out) {
      Arrays.setAll(row, j -> Logistic.of(row[j]));
    }
    return out;
  }

  /**
   * The same of an array.
   *
   * @param features {@code (B, D)}, float32
   * @return {@code [B][L]}, in [0, 1]
   * @throws IllegalArgumentException when the shape or dtype differs or a feature is not finite
   */
  public double[][] probabilities(NDArray features) {
    return probabilities(Embeddings.rows("features", features, width()));
  }

  /**
   * The logit of each label, higher when more likely.
   *
   * @param features {@code [B][D]}
   * @return {@code [B][L]}
   * @throws IllegalArgumentException when a width differs or a feature is not finite
   */
  public double[][] scores(float[][] features) {
    Embeddings.check("features", features, features.length, width());
    double[][] out = new double[features.length][labels.size()];
    for (int i = 0; i < out.length; i++) {
      for (int label = 0; label < labels.size(); label++) {
        double sum = bias[label];
        for (int j = 0; j < features[i].length; j++) {
          sum += weight[label][j] * features[i][j];
        }
        out[i][label] = sum;
      }
    }
    return out;
  }

  /**
   * Writes a safetensors file with {@code weight (L, D)} and {@code bias (L)}, float64, as {@code
   * torch.nn.Linear} names them, and the labels as JSON in its metadata.
   *
   * @param scope for temporary arrays
   * @throws IOException when it cannot be written; an old file is then untouched
   */
  public void save(NDManager scope, Path file) throws IOException {
    double[] flat = Arrays.stream(weight).flatMapToDouble(Arrays::stream).toArray();
    try (NDArray w = scope.create(flat, new Shape(labels.size(), width()));
        NDArray b = scope.create(bias)) {
      Safetensors.write(
          file, Map.of("weight", w, "bias", b), Map.of("labels", Configs.toJson(labels)));
    }
  }

  /**
   * Reads what {@link #save} wrote.
   *
   * @param scope for temporary arrays
   * @throws IOException when the file is missing, broken or none of a probe
   */
  public static LinearProbe load(NDManager scope, Path file) throws IOException {
    try (NDManager local = scope.newSubManager()) {
      Safetensors.Contents contents = Safetensors.read(local, file);
      List<String> labels = HeadFile.labels(file, contents);
      double[] flat = contents.tensors().get("weight").toDoubleArray();
      int width = flat.length / labels.size();
      double[][] weight = new double[labels.size()][];
      for (int label = 0; label < weight.length; label++) {
        weight[label] = Arrays.copyOfRange(flat, label * width, (label + 1) * width);
      }
      return new LinearProbe(labels, weight, contents.tensors().get("bias").toDoubleArray());
    }
  }
}
