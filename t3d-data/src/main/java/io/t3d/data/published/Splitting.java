package io.t3d.data.published;

import io.t3d.data.manifest.ManifestRow;
import io.t3d.data.manifest.Split;
import io.t3d.data.manifest.Splits;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** Splits of merged sets: the published ones, else drawn by patient; no patient in two. */
public final class Splitting {
  private Splitting() {}

  /** The sets' word for a split; {@link Split#UNASSIGNED} when it is none. */
  static Split official(String word) {
    return switch (word.toLowerCase(Locale.ROOT)) {
      case "train" -> Split.TRAIN;
      case "valid", "val", "validation" -> Split.VALIDATION;
      case "test" -> Split.TEST;
      default -> Split.UNASSIGNED;
    };
  }

  /**
   * Draws the split of a set that publishes none.
   *
   * @throws io.t3d.core.T3dException when it has too few patients
   */
  public static List<SourcedStudy> assign(List<SourcedStudy> studies, BuildSettings settings) {
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
  public static Map<String, Split> strictest(List<SourcedStudy> studies) {
    Map<String, Split> splits = new HashMap<>();
    studies.forEach(s -> splits.merge(s.patient(), s.split(), Splitting::stricter));
    return splits;
  }

  /** The one whose figures a leak would spoil more. */
  static Split stricter(Split a, Split b) {
    return rank(a) >= rank(b) ? a : b;
  }

  public static int rank(Split split) {
    return switch (split) {
      case UNASSIGNED -> 0;
      case TRAIN -> 1;
      case VALIDATION -> 2;
      case TEST -> 3;
    };
  }
}
