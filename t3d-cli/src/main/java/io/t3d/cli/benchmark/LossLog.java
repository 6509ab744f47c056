package io.t3d.cli.benchmark;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/** A column of a run's {@code log.csv} over steps. */
final class LossLog {
  private LossLog() {}

  /** Points (step, value); empty without a log or the column. */
  static List<double[]> read(Path run, String column) throws IOException {
    Path file = run.resolve("log.csv");
    List<double[]> points = new ArrayList<>();
    if (!Files.exists(file)) {
      return points;
    }
    List<String> lines = Files.readAllLines(file);
    List<String> header = Arrays.asList(lines.get(0).split(",", -1));
    int x = header.indexOf("step");
    int y = header.indexOf(column);
    for (String line : lines.subList(1, lines.size())) {
      String[] cells = line.split(",", -1);
      if (y >= 0 && cells.length > y && !cells[y].isEmpty()) {
        points.add(new double[] {Double.parseDouble(cells[x]), Double.parseDouble(cells[y])});
      }
    }
    return points;
  }
}
