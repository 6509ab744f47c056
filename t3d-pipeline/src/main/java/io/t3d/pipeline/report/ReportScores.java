package io.t3d.pipeline.report;

import io.t3d.core.eval.LabelAgreement;
import io.t3d.core.eval.text.TextScores;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.phantom.FindingKind;
import io.t3d.data.phantom.generate.PhantomLabels;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Scores of generated reports.
 *
 * @param text closeness in words
 * @param clinical agreement of the findings that the phantoms' labeler reads out of written and of
 *     reference reports; empty for reports that it cannot read
 */
public record ReportScores(TextScores text, Optional<LabelAgreement> clinical) {
  /**
   * Scores reports.
   *
   * @param written one text per row
   * @param rows hold the reference reports
   */
  public static ReportScores of(List<String> written, List<ManifestRow> rows) {
    List<String> references = rows.stream().map(ManifestRow::report).toList();
    TextScores text = TextScores.of(written, references);
    if (!arePhantoms(rows)) {
      return new ReportScores(text, Optional.empty());
    }
    return new ReportScores(
        text, Optional.of(LabelAgreement.of(labels(written), labels(references))));
  }

  /** The labeler knows the phantoms' words only. */
  private static boolean arePhantoms(List<ManifestRow> rows) {
    List<String> findings = Arrays.stream(FindingKind.values()).map(FindingKind::label).toList();
    return rows.stream().allMatch(row -> row.labels().keySet().containsAll(findings));
  }

  private static List<Map<String, Boolean>> labels(List<String> reports) {
    return reports.stream().map(PhantomLabels::extract).toList();
  }

  /**
   * The training report that, written for every volume, would score best: the micro F1 of its
   * findings over the training reports; without labels the first of the reports of median length.
   *
   * @param train at least one row
   */
  static String constantReport(List<ManifestRow> train) {
    List<String> reports = train.stream().map(ManifestRow::report).toList();
    if (!arePhantoms(train)) {
      List<String> byLength =
          reports.stream().sorted(Comparator.comparingInt(String::length)).toList();
      return byLength.get(byLength.size() / 2);
    }
    List<Map<String, Boolean>> truth = labels(reports);
    return reports.stream()
        .max(
            Comparator.comparingDouble(
                report -> {
                  Map<String, Boolean> said = PhantomLabels.extract(report);
                  List<Map<String, Boolean>> everywhere = truth.stream().map(t -> said).toList();
                  return LabelAgreement.of(everywhere, truth).micro().f1();
                }))
        .orElseThrow();
  }
}
