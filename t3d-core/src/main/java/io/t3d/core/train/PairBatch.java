package io.t3d.core.train;

import io.t3d.core.volume.View;
import java.util.ArrayList;
import java.util.List;

/**
 * B volume–report pairs on the host, before they become arrays.
 *
 * @param views B lists of V views
 * @param reports B reports
 * @param patientIds B ids: pairs of one patient are not negatives of each other
 */
public record PairBatch(List<List<View>> views, List<String> reports, List<String> patientIds) {
  /** Copies the lists, checks that they agree. */
  public PairBatch {
    views = List.copyOf(views);
    reports = List.copyOf(reports);
    patientIds = List.copyOf(patientIds);
    if (views.isEmpty() || views.size() != reports.size() || views.size() != patientIds.size()) {
      throw new IllegalArgumentException(
          "A batch needs as many views as reports and patient ids, and at least one, got "
              + views.size()
              + ", "
              + reports.size()
              + " and "
              + patientIds.size());
    }
  }

  /**
   * The same pairs as smaller batches.
   *
   * @param size pairs of each, &gt; 0; the last may hold fewer
   */
  List<PairBatch> split(int size) {
    List<PairBatch> parts = new ArrayList<>();
    for (int from = 0; from < size(); from += size) {
      int to = Math.min(size(), from + size);
      parts.add(
          new PairBatch(
              views.subList(from, to), reports.subList(from, to), patientIds.subList(from, to)));
    }
    return parts;
  }

  /** B, the number of pairs. */
  public int size() {
    return reports.size();
  }
}
