package io.t3d.core.train.validate;

import io.t3d.core.internal.Checks;
import java.util.Optional;

/**
 * Ends a training whose validation no longer gets better; the checkpoint of the best validation is
 * kept. In YAML, missing keys take {@link #defaults()}.
 *
 * @param metric name of a score of the validation. Lower is better for {@code loss} and its parts,
 *     {@code loss.NAME}; higher is better for all others
 * @param patience validations in a row that are no better after which training ends, &gt; 0
 * @param minDelta by how much a score must be better to count, &gt;= 0
 */
public record EarlyStopping(String metric, int patience, double minDelta) {
  private static final String LOSS = "loss";

  /** Checks ranges. */
  public EarlyStopping {
    Checks.named("EarlyStopping.metric", metric);
    Checks.positive("EarlyStopping.patience", patience);
    Checks.inRange("EarlyStopping.minDelta", minDelta, 0, Double.MAX_VALUE);
  }

  /** After five validations without a lower loss. */
  public static EarlyStopping defaults() {
    return new EarlyStopping(LOSS, 5, 0);
  }

  /** Whether a lower score is a better one. */
  public boolean lowerIsBetter() {
    return metric.equals(LOSS) || metric.startsWith(LOSS + ".");
  }

  /**
   * The best score after one more validation. One that is not finite is never better.
   *
   * @param before the best until then; that of another metric does not count
   * @param score of the validation
   * @param step that it followed, from 1
   * @return the best of this metric; while no score of it was finite, {@code before}
   */
  public Optional<BestScore> after(Optional<BestScore> before, double score, int step) {
    Optional<BestScore> best = ofThisMetric(before);
    boolean better =
        Double.isFinite(score) && (best.isEmpty() || gain(best.get().score(), score) > minDelta);
    return better
        ? Optional.of(new BestScore(metric, score, step, 0))
        : best.map(BestScore::older).or(() -> before);
  }

  /** Leaves out the best score of another metric, with which no comparison is possible. */
  public Optional<BestScore> ofThisMetric(Optional<BestScore> best) {
    return best.filter(b -> b.metric().equals(metric));
  }

  private double gain(double from, double to) {
    return lowerIsBetter() ? from - to : to - from;
  }

  /** Whether training ends: too many validations have been no better than the best one. */
  public boolean ends(Optional<BestScore> best) {
    return ofThisMetric(best).map(b -> b.since() >= patience).orElse(false);
  }
}
