package io.t3d.data.published;

import io.t3d.data.internal.Cells;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/** Label values as the sets write them. */
final class LabelCells {
  private final Function<String, Optional<String>> naming;
  private Map<String, Integer> columns = Map.of();
  private Map<String, String> names = Map.of();

  /**
   * Reads the columns that have a name.
   *
   * @param naming what the label of a column is called; columns that share a label are joined:
   *     present when one of them says so, absent when all do, else unknown
   */
  LabelCells(Function<String, Optional<String>> naming) {
    this.naming = naming;
  }

  /**
   * Reads the labels of a row; unknown ones are left out.
   *
   * @throws IllegalArgumentException naming the first column whose value is none
   */
  Map<String, Boolean> read(Table.Row row) {
    if (columns != row.columns()) { // Another table: rows of one share the object.
      columns = row.columns();
      names = new LinkedHashMap<>();
      columns.keySet().forEach(c -> naming.apply(c).ifPresent(n -> names.put(c, n)));
    }
    Map<String, Boolean> labels = new LinkedHashMap<>();
    Set<String> unknown = new HashSet<>();
    names.forEach(
        (column, label) -> {
          Boolean value = parse(column, row.get(column));
          if (value == null) {
            unknown.add(label);
          } else {
            labels.merge(label, value, Boolean::logicalOr);
          }
        });
    labels.entrySet().removeIf(e -> !e.getValue() && unknown.contains(e.getKey()));
    return labels;
  }

  private static @Nullable Boolean parse(String column, String cell) {
    if (cell.equalsIgnoreCase("censored") || cell.equalsIgnoreCase("censor")) {
      return null;
    }
    try {
      return Cells.label(cell).orElse(null);
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(
          "column \""
              + column
              + "\" must be 0, 1, true, false, censored or empty, got \""
              + cell
              + "\"",
          e);
    }
  }
}
