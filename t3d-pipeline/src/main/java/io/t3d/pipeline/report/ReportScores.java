package io.t3d.pipeline.report;

import io.t3d.core.eval.LabelAgreement;
import io.t3d.core.eval.text.WordScores;
import io.t3d.core.task.report.ReportLabeler;
import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.phantom.FindingKind;
import io.t3d.data.phantom.generate.PhantomLabels;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Scores of generated reports.
 *
 * @param text closeness in words
 * @param clinical agreement of the findings that a labeler reads out of written and of reference
 *     reports: the phantoms', unless another one was given; empty without one that can read them
 */
public record ReportScores(WordScores text, Optional<LabelAgreement> clinical) {
  private static final ReportLabeler PHANTOMS =
      reports -> reports.stream().map(PhantomLabels::extract).toList();

  /**
   * Scores reports; findings are read by the phantoms' labeler, in phantoms' reports alone.
   *
   * @param written one text per row
   * @param rows hold the reference reports
   */
  public static ReportScores of(List<String> written, List<ManifestRow> rows) {
    return of(written, rows, labelerOf(rows));
  }

  /**
   * Scores reports.
   *
   * @param written one text per row
   * @param rows hold the reference reports
   * @param labeler reads the findings of both; without one there are no clinical scores
   */
  public static ReportScores of(
      List<String> written, List<ManifestRow> rows, Optional<ReportLabeler> labeler) {
    List<String> references = rows.stream().map(ManifestRow::report).toList();
    return new ReportScores(
        WordScores.of(written, references),
        labeler.map(l -> LabelAgreement.of(l.label(written), l.label(references))));
  }

  /** The phantoms' labeler, which knows their words only. */
  static Optional<ReportLabeler> labelerOf(List<ManifestRow> rows) {
    return arePhantoms(rows) ? Optional.of(PHANTOMS) : Optional.empty();
  }

  /**
   * Rows with their labels and no other: sets with more, as RAD-ChestCT, may have all of theirs.
   */
  private static boolean arePhantoms(List<ManifestRow> rows) {
    Set<String> findings =
        Arrays.stream(FindingKind.values())
            .map(FindingKind::label)
            .collect(Collectors.toUnmodifiableSet());
    return rows.stream().allMatch(row -> row.labels().keySet().equals(findings));
  }

  /**
   * The training report that, written for every volume, would score best: the micro F1 of its
   * findings over the training reports; without labels the first of the reports of median length.
   *
   * @param train at least one row
   */
  static String constantReport(List<ManifestRow> train, Optional<ReportLabeler> labeler) {
    List<String> reports = train.stream().map(ManifestRow::report).toList();
    if (labeler.isEmpty()) {
      List<String> byLength =
          reports.stream().sorted(Comparator.comparingInt(String::length)).toList();
      return byLength.get(byLength.size() / 2);
    }
    List<Map<String, Boolean>> truth = labeler.get().label(reports);
    int best = 0;
    double highest = -1;
    for (int i = 0; i < reports.size(); i++) {
      Map<String, Boolean> said = truth.get(i);
      List<Map<String, Boolean>> everywhere = truth.stream().map(t -> said).toList();
      double f1 = LabelAgreement.of(everywhere, truth).micro().f1();
      if (f1 > highest) { // of equals the first
        best = i;
        highest = f1;
      }
    }
    return reports.get(best);
  }
}
