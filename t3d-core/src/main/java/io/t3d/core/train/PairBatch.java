package io.t3d.core.train;

import io.t3d.core.volume.View;
import java.util.ArrayList;
import java.util.List;

/**
 * B volume–report pairs in host memory, before they are copied to the device.
 *
 * @param views B lists of V views
 * @param reports B reports as this step sees them, e.g. some of their sentences
 * @param patientIds B ids: pairs of one patient are not negatives of each other
 * @param fullReports B reports as they were written: sentences are drawn from these
 */
public record PairBatch(
    List<List<View>> views,
    List<String> reports,
    List<String> patientIds,
    List<String> fullReports) {
  /** Pairs whose reports are seen as they were written. */
  public PairBatch(List<List<View>> views, List<String> reports, List<String> patientIds) {
    this(views, reports, patientIds, reports);
  }

  /** Copies the lists, checks that they agree. */
  public PairBatch {
    views = List.copyOf(views);
    reports = List.copyOf(reports);
    patientIds = List.copyOf(patientIds);
    fullReports = List.copyOf(fullReports);
    if (views.isEmpty()
        || views.size() != reports.size()
        || views.size() != patientIds.size()
        || views.size() != fullReports.size()) {
      throw new IllegalArgumentException(
          "A batch needs as many views as reports, patient ids and full reports, and at least one,"
              + " got "
              + views.size()
              + ", "
              + reports.size()
              + ", "
              + patientIds.size()
              + " and "
              + fullReports.size());
    }
  }

  /**
   * The same pairs as smaller batches.
   *
   * @param size pairs of each, &gt; 0; the last may hold fewer
   */
  public List<PairBatch> split(int size) {
    List<PairBatch> parts = new ArrayList<>();
    for (int from = 0; from < size(); from += size) {
      int to = Math.min(size(), from + size);
      parts.add(
          new PairBatch(
              views.subList(from, to),
              reports.subList(from, to),
              patientIds.subList(from, to),
              fullReports.subList(from, to)));
    }
    return parts;
  }

  /** Some of the pairs, in an order. */
  PairBatch rows(List<Integer> rows) {
    return new PairBatch(
        rows.stream().map(views::get).toList(),
        rows.stream().map(reports::get).toList(),
        rows.stream().map(patientIds::get).toList(),
        rows.stream().map(fullReports::get).toList());
  }

  /** B, the number of pairs. */
  public int size() {
    return reports.size();
  }
}
