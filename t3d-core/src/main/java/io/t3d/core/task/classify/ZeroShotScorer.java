package io.t3d.core.task.classify;

import io.t3d.core.eval.ClassificationReport;
import io.t3d.core.eval.LabelMatrix;
import io.t3d.core.task.ScoreChoice;
import io.t3d.core.task.TextScore;
import io.t3d.core.task.TextScores;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.stream.IntStream;

/**
 * Zero-shot classification by the volume's embedding, by the tokens that gather around the prompts,
 * or by both.
 *
 * <pre>{@code
 * global(i) = cos(v(i), w+) - cos(v(i), w-)                    as ZeroShotClassifier
 * pooled(i) = mean(t of +) pooled(i, t) - mean(t of -) pooled(i, t)    see TextScores
 * sum(i)    = global(i) / sd(global) + pooled(i) / sd(pooled)
 * p(i)      = logistic( exp(logitScale) · margin ), of the sum: logistic( margin )
 * }</pre>
 *
 * <p>The standard deviations are those of a finding over a reference set of volumes, and stay as
 * they were fitted: one volume can be scored alone. Where a margin does not vary there, its
 * deviation counts as 1. Probabilities are not calibrated; choose thresholds on validation data.
 *
 * <pre>{@code
 * TextScores held = TextScores.of(model, validation, classifier.texts(), 0.1, n -> {});
 * ZeroShotScorer scorer = ZeroShotScorer.choose(classifier, held, validationLabels);
 * double[][] p = scorer.probabilities(TextScores.of(model, test, classifier.texts(), 0.1, n -> {}));
 * }</pre>
 *
 * <p>Immutable and safe for many threads.
 */
public final class ZeroShotScorer {
  private static final String NEEDS_REFERENCE =
      "The sum of scores needs reference volumes for its standard deviations, at least 2, got ";

  private final ZeroShotClassifier classifier;
  private final Optional<Deviations> deviations;
  private final ScoreChoice choice;

  /** Of each label's margin over the reference volumes. */
  private record Deviations(double[] global, double[] pooled) {}

  private ZeroShotScorer(
      ZeroShotClassifier classifier, Optional<Deviations> deviations, ScoreChoice choice) {
    this.classifier = classifier;
    this.deviations = deviations;
    this.choice = choice;
  }

  /**
   * A scorer without reference volumes: global unless asked otherwise, and no sum.
   *
   * @param reason why nothing was chosen, e.g. {@code there is no validation split}
   */
  public static ZeroShotScorer global(ZeroShotClassifier classifier, String reason) {
    return new ZeroShotScorer(classifier, Optional.empty(), ScoreChoice.global(reason));
  }

  /**
   * Fits the standard deviations and chooses the score by macro AUROC; of equal ones the simpler.
   * Where no label has both classes the global score is chosen.
   *
   * @param classifier prompts and scale
   * @param validation n volumes, at least 2, scored on {@link ZeroShotClassifier#texts()}
   * @param labels of the same n, with the classifier's findings in its order
   * @throws IllegalArgumentException when counts or labels differ or a text was not scored
   */
  public static ZeroShotScorer choose(
      ZeroShotClassifier classifier, TextScores validation, LabelMatrix labels) {
    if (!labels.names().equals(classifier.findings())) {
      throw new IllegalArgumentException(
          "Validation labels must be the classifier's findings "
              + classifier.findings()
              + ", got "
              + labels.names());
    }
    ZeroShotScorer fitted = fit(classifier, validation);
    Map<TextScore, Double> reached = new EnumMap<>(TextScore.class);
    for (TextScore score : TextScore.values()) {
      double[][] logits = fitted.logits(validation, score);
      OptionalDouble auroc =
          ClassificationReport.of(labels.names(), labels.values(), logits, 0).macroAuroc();
      auroc.ifPresent(a -> reached.put(score, a));
    }
    return new ZeroShotScorer(
        classifier,
        fitted.deviations,
        reached.isEmpty()
            ? ScoreChoice.global("no validation label has both classes")
            : ScoreChoice.best("macro AUROC on " + labels.size() + " validation volumes", reached));
  }

  /**
   * Fits the standard deviations and chooses nothing; see {@link #withScore}.
   *
   * @param classifier prompts and scale
   * @param reference n volumes, at least 2, scored on {@link ZeroShotClassifier#texts()}; they need
   *     no labels
   * @throws IllegalArgumentException when there are fewer or a text was not scored
   */
  public static ZeroShotScorer fit(ZeroShotClassifier classifier, TextScores reference) {
    int n = reference.volumes().length;
    if (n < 2) {
      throw new IllegalArgumentException(NEEDS_REFERENCE + n);
    }
    Deviations deviations =
        new Deviations(
            deviations(classifier.margins(reference.volumes())),
            deviations(classifier.pooledMargins(reference)));
    return new ZeroShotScorer(
        classifier, Optional.of(deviations), ScoreChoice.global("nothing was chosen"));
  }

  private static double[] deviations(double[][] margins) {
    return IntStream.range(0, margins[0].length)
        .mapToDouble(
            label -> {
              double mean = 0;
              for (double[] row : margins) {
                mean += row[label] / margins.length;
              }
              double squares = 0;
              for (double[] row : margins) {
                squares += (row[label] - mean) * (row[label] - mean);
              }
              double deviation = Math.sqrt(squares / (margins.length - 1));
              return deviation > 0 ? deviation : 1;
            })
        .toArray();
  }

  /**
   * The same scorer with a score of one's own choice.
   *
   * @throws IllegalArgumentException when the sum is asked for without reference volumes
   */
  public ZeroShotScorer withScore(TextScore score) {
    requireScales(score);
    return new ZeroShotScorer(classifier, deviations, ScoreChoice.asked(score));
  }

  private void requireScales(TextScore score) {
    if (score == TextScore.SUM && deviations.isEmpty()) {
      throw new IllegalArgumentException(
          NEEDS_REFERENCE + "none; use ZeroShotScorer.choose or .fit, or another score");
    }
  }

  /** Which score is used, and why. */
  public ScoreChoice choice() {
    return choice;
  }

  /** The labels, in the order of the columns. */
  public List<String> findings() {
    return classifier.findings();
  }

  /** The scores that this scorer can give: all, or all but the sum. */
  public List<TextScore> available() {
    return deviations.isPresent()
        ? List.of(TextScore.values())
        : List.of(TextScore.GLOBAL, TextScore.POOLED);
  }

  /**
   * For minus against, by one of the scores.
   *
   * @param volumes n volumes, scored on {@link ZeroShotClassifier#texts()}
   * @return {@code [n][labels]}; above 0 speaks for the finding
   * @throws IllegalArgumentException when a text was not scored, or the sum is asked for without
   *     reference volumes
   */
  public double[][] margins(TextScores volumes, TextScore score) {
    requireScales(score);
    return switch (score) {
      case GLOBAL -> classifier.margins(volumes.volumes());
      case POOLED -> classifier.pooledMargins(volumes);
      case SUM -> sum(volumes, deviations.orElseThrow());
    };
  }

  private double[][] sum(TextScores volumes, Deviations by) {
    double[][] out = classifier.margins(volumes.volumes());
    double[][] pooled = classifier.pooledMargins(volumes);
    for (int i = 0; i < out.length; i++) {
      for (int label = 0; label < out[i].length; label++) {
        out[i][label] = out[i][label] / by.global[label] + pooled[i][label] / by.pooled[label];
      }
    }
    return out;
  }

  /**
   * The probability of each finding, not calibrated, by one of the scores.
   *
   * @param volumes n volumes, scored on {@link ZeroShotClassifier#texts()}
   * @return {@code [n][labels]}, in [0, 1]; by the global score what {@link
   *     ZeroShotClassifier#classify(float[][])} gives
   * @throws IllegalArgumentException as {@link #margins}
   */
  public double[][] probabilities(TextScores volumes, TextScore score) {
    return ZeroShotClassifier.logistic(logits(volumes, score));
  }

  /**
   * What {@link #probabilities(TextScores, TextScore)} makes probabilities of. Volumes that a
   * confident model gives a probability of 1 in double precision still differ here: rank and
   * measure by these.
   *
   * @return {@code [n][labels]}; above 0 speaks for the finding
   * @throws IllegalArgumentException as {@link #margins}
   */
  public double[][] logits(TextScores volumes, TextScore score) {
    double scale = score == TextScore.SUM ? 1 : classifier.scale();
    return ZeroShotClassifier.scaled(margins(volumes, score), scale);
  }

  /** {@link #probabilities(TextScores, TextScore)} by the score that was chosen. */
  public double[][] probabilities(TextScores volumes) {
    return probabilities(volumes, choice.score());
  }
}
