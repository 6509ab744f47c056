package io.t3d.pipeline.internal;

import io.t3d.core.T3dException;
import io.t3d.core.eval.LabelMatrix;
import io.t3d.core.internal.OsPaths;
import io.t3d.data.manifest.ManifestRow;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** What rows of a manifest say of their labels. */
public final class LabelledRows {
  private LabelledRows() {}

  /** The labels of rows; a label that a row does not know is NaN. */
  public static LabelMatrix matrix(List<ManifestRow> rows, List<String> names) {
    double[][] values = new double[rows.size()][names.size()];
    for (int i = 0; i < values.length; i++) {
      Map<String, Boolean> labels = rows.get(i).labels();
      for (int j = 0; j < names.size(); j++) {
        Boolean label = labels.get(names.get(j));
        values[i][j] = label == null ? Double.NaN : label ? 1 : 0;
      }
    }
    return new LabelMatrix(names, values);
  }

  /** The names of all labels that a row knows, in order of appearance. */
  public static List<String> names(List<ManifestRow> rows) {
    Set<String> names = new LinkedHashSet<>();
    rows.forEach(row -> names.addAll(row.labels().keySet()));
    return List.copyOf(names);
  }

  /** The same; an error says what to do when there is none. */
  public static List<String> requireNames(String task, List<ManifestRow> rows) {
    List<String> names = names(rows);
    if (names.isEmpty()) {
      throw new T3dException(
          T3dException.Kind.INPUT,
          task + " needs labels: the manifest has no label:NAME column with values in this split");
    }
    return names;
  }

  /** What tells the rows' volumes apart, whatever their paths: the files they lead to. */
  public static List<String> volumes(List<ManifestRow> rows) {
    return rows.stream().map(row -> OsPaths.identity(row.volume()).toString()).toList();
  }

  public static List<String> patients(List<ManifestRow> rows) {
    return rows.stream().map(ManifestRow::patient).toList();
  }
}
