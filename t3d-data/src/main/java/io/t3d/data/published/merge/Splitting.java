package io.t3d.data.published.merge;

import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.manifest.Split;
import io.t3d.data.manifest.Splits;
import io.t3d.data.published.BuildSettings;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Splits of merged sets: the published ones, else drawn by patient; no patient in two. */
final class Splitting {
  private Splitting() {}

  /**
   * Draws the split of a set that publishes none.
   *
   * @throws io.t3d.core.T3dException when it has too few patients
   */
  static List<SourcedStudy> assign(List<SourcedStudy> studies, BuildSettings settings) {
    if (studies.stream().noneMatch(s -> s.split() == Split.UNASSIGNED)) {
      return studies;
    }
    List<ManifestRow> rows = new ArrayList<>();
    for (SourcedStudy study : studies) {
      rows.add(study.row(rows.size() + 2));
    }
    List<ManifestRow> split =
        Splits.byPatient(rows, settings.validation(), settings.test(), settings.seed());
    List<SourcedStudy> assigned = new ArrayList<>();
    for (int i = 0; i < rows.size(); i++) {
      assigned.add(studies.get(i).withSplit(split.get(i).split()));
    }
    return assigned;
  }

  /**
   * For each patient the split that keeps evaluation whole: test before validation before train.
   */
  static Map<String, Split> strictest(List<SourcedStudy> studies) {
    Map<String, Split> splits = new HashMap<>();
    studies.forEach(s -> splits.merge(s.patient(), s.split(), Splitting::stricter));
    return splits;
  }

  /** The one whose figures a leak would spoil more. */
  static Split stricter(Split a, Split b) {
    return rank(a) >= rank(b) ? a : b;
  }

  static int rank(Split split) {
    return switch (split) {
      case UNASSIGNED -> 0;
      case TRAIN -> 1;
      case VALIDATION -> 2;
      case TEST -> 3;
    };
  }
}
