package io.t3d.core.text;

import java.util.List;
import java.util.Optional;

/**
 * Selects the sentences of a report around which the volume's tokens are gathered.
 *
 * @param unit what one text is
 * @param perReport sentences drawn of each report; looked at with {@link Unit#SENTENCE} alone
 */
public record SentenceSampling(Unit unit, int perReport) {
  /** What one text is. */
  public enum Unit {
    /** No text is needed. */
    NONE,
    /** A sentence, drawn anew at each step. */
    SENTENCE,
    /** The report as the step sees it. */
    REPORT
  }

  /** Checks the number. */
  public SentenceSampling {
    if (unit == Unit.SENTENCE && perReport < 1) {
      throw new IllegalArgumentException(
          "SentenceSampling.perReport must be > 0, got " + perReport);
    }
  }

  /** No text is needed. */
  public static SentenceSampling none() {
    return new SentenceSampling(Unit.NONE, 0);
  }

  /** So many sentences of each report. */
  public static SentenceSampling sentences(int perReport) {
    return new SentenceSampling(Unit.SENTENCE, perReport);
  }

  /** Whole reports. */
  public static SentenceSampling reports() {
    return new SentenceSampling(Unit.REPORT, 1);
  }

  /**
   * Draws the texts of a batch.
   *
   * @param fullReports B reports as they were written
   * @param seenReports the same as the step sees them
   * @param seed the same seed draws the same sentences
   */
  public Optional<ReportSentences> draw(
      List<String> fullReports, List<String> seenReports, long seed) {
    return switch (unit) {
      case NONE -> Optional.empty();
      case SENTENCE -> Optional.of(ReportSentences.draw(fullReports, perReport, seed));
      case REPORT -> Optional.of(ReportSentences.whole(seenReports));
    };
  }
}
