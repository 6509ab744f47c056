package io.t3d.cli.page.part;

import java.util.List;

/**
 * A table.
 *
 * @param header names of the columns
 * @param rows cells, as many as columns
 */
public record Table(List<String> header, List<List<String>> rows) {
  /** Copies the lists. */
  public Table {
    header = List.copyOf(header);
    rows = rows.stream().map(List::copyOf).toList();
  }

  /** Numbers with what belongs to them, as {@code 0.713 ± 0.021}, are not broken over lines. */
  public static boolean isNumber(String cell) {
    return !cell.isEmpty() && cell.length() < 24 && cell.matches("[-−]?\\d.*");
  }
}
