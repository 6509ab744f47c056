package io.t3d.cli.runs;

import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;

/** Rows of cells as lines of text with aligned columns. */
final class TextTable {
  private TextTable() {}

  static List<String> lines(List<List<String>> rows) {
    int columns = rows.get(0).size();
    int[] widths =
        IntStream.range(0, columns)
            .map(c -> rows.stream().mapToInt(r -> r.get(c).length()).max().orElse(0))
            .toArray();
    List<String> lines = new ArrayList<>();
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int c = 0; c < columns; c++) {
        line.append(row.get(c)).append(" ".repeat(widths[c] - row.get(c).length() + 2));
      }
      lines.add(line.toString().stripTrailing());
    }
    return lines;
  }
}
