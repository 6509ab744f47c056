package io.t3d.core.task;

import java.util.Collections;
import java.util.EnumMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * The score that was chosen, with the reason. Test data have no say in it.
 *
 * @param score the one that is used
 * @param reason one line for readers
 * @param validation what each score reached on the validation split; empty when that had no say
 */
public record ScoreChoice(TextScore score, String reason, Map<TextScore, Double> validation) {
  /** Copies the map, in the order of the scores. */
  public ScoreChoice {
    Map<TextScore, Double> copy = new EnumMap<>(TextScore.class);
    copy.putAll(validation);
    validation = Collections.unmodifiableMap(copy);
  }

  /**
   * The score that reached most. Of equal ones the first counts, so that what reads tokens has to
   * earn its cost.
   *
   * @param measure what was compared and on what, e.g. {@code macro AUROC on 150 validation
   *     volumes}
   * @param reached at least one score
   * @throws IllegalArgumentException when no score was measured, or one reached NaN
   */
  public static ScoreChoice best(String measure, Map<TextScore, Double> reached) {
    if (reached.isEmpty() || reached.values().stream().anyMatch(v -> v.isNaN())) {
      throw new IllegalArgumentException(
          "A choice of score needs numbers to compare, got " + reached);
    }
    Map<TextScore, Double> ordered = new EnumMap<>(reached);
    TextScore best = ordered.keySet().iterator().next();
    for (TextScore score : ordered.keySet()) {
      best = ordered.get(score) > ordered.get(best) ? score : best;
    }
    String all =
        ordered.entrySet().stream()
            .map(e -> String.format(Locale.ROOT, "%s %.3f", e.getKey().key(), e.getValue()))
            .collect(Collectors.joining(", "));
    return new ScoreChoice(best, "chosen by " + measure + ": " + all, ordered);
  }

  /** A score that somebody asked for. */
  public static ScoreChoice asked(TextScore score) {
    return new ScoreChoice(score, "as asked", Map.of());
  }

  /**
   * The global score, since nothing can be chosen.
   *
   * @param reason why not, e.g. {@code there is no validation split}
   */
  public static ScoreChoice global(String reason) {
    return new ScoreChoice(TextScore.GLOBAL, reason, Map.of());
  }
}
