package io.t3d.cli.runs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The columns of a log in CSV, e.g. {@code log.csv} or {@code validation.csv}.
 *
 * @param of name → one number per row; an empty cell is NaN
 */
record Columns(Map<String, List<Double>> of) {
  /** Reads a log; one that is not there has no columns. A half-written last row is left out. */
  static Columns read(Path file) throws IOException {
    Map<String, List<Double>> columns = new LinkedHashMap<>();
    if (!Files.isRegularFile(file)) {
      return new Columns(columns);
    }
    List<String> lines = Files.readAllLines(file);
    List<String> names = lines.isEmpty() ? List.of() : List.of(lines.get(0).split(",", -1));
    names.forEach(name -> columns.put(name, new ArrayList<>()));
    for (String line : lines.subList(Math.min(1, lines.size()), lines.size())) {
      String[] cells = line.split(",", -1);
      if (cells.length == names.size()) {
        for (int i = 0; i < cells.length; i++) {
          columns.get(names.get(i)).add(number(cells[i]));
        }
      }
    }
    return new Columns(columns);
  }

  /** Words, as in the column {@code skipped}, are no numbers either. */
  private static double number(String cell) {
    try {
      return cell.isEmpty() ? Double.NaN : Double.parseDouble(cell);
    } catch (NumberFormatException e) {
      return Double.NaN;
    }
  }

  /** A column; empty where there is none of that name. */
  List<Double> column(String name) {
    return of.getOrDefault(name, List.of());
  }

  /** Rows of the log. */
  int rows() {
    return column("step").size();
  }

  /** Points (step, value) of a column, those that are not finite left out. */
  List<double[]> points(String name) {
    List<double[]> points = new ArrayList<>();
    List<Double> values = column(name);
    for (int i = 0; i < values.size(); i++) {
      if (Double.isFinite(values.get(i))) {
        points.add(new double[] {column("step").get(i), values.get(i)});
      }
    }
    return points;
  }
}
