package io.t3d.cli.page.part;

import java.util.List;
import java.util.Optional;

/**
 * What a classification found.
 *
 * @param title above it
 * @param whiskers AUROC of each finding
 * @param notes paragraphs: how scores and thresholds were chosen
 * @param metrics of each finding
 * @param curves absent where the probabilities of each volume are not known
 */
public record Classification(
    String title, Svg whiskers, List<String> notes, Table metrics, Optional<Curves> curves) {
  /** Copies the list. */
  public Classification {
    notes = List.copyOf(notes);
  }

  /**
   * Curves of the probabilities.
   *
   * @param rocs one chart per finding
   * @param calibration over all findings
   * @param error expected calibration error, three digits
   */
  public record Curves(Svg rocs, Svg calibration, String error) {}
}
