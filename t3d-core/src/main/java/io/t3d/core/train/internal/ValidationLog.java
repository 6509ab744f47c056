package io.t3d.core.train.internal;

import io.t3d.core.internal.AtomicFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * {@code validation.csv}, one row per validation: step, epoch (from 0) and the scores. A score that
 * is not finite, or that a validation does not have, is an empty cell. Where a validation has one
 * more, the file is written anew with one more column. A comma, quote or line break in a score's
 * name is an underscore.
 */
public final class ValidationLog {
  /** Its name in the output folder. */
  public static final String FILE = "validation.csv";

  private static final List<String> FIXED = List.of("step", "epoch");

  private final Path file;
  private final Set<String> scores = new LinkedHashSet<>(); // the columns after the fixed ones

  private ValidationLog(Path file, List<String> columns) {
    this.file = file;
    scores.addAll(columns);
  }

  /** Opens the log of a folder and drops rows after a step: a resumed run writes those again. */
  public static ValidationLog open(Path folder, int stepsDone) throws IOException {
    Path file = folder.resolve(FILE);
    List<String> kept = new ArrayList<>();
    if (stepsDone > 0 && Files.exists(file)) {
      for (String line : Files.readAllLines(file)) {
        if (kept.isEmpty() || stepOf(line) <= stepsDone) {
          kept.add(line);
        }
      }
    }
    List<String> columns = kept.isEmpty() ? FIXED : List.of(kept.get(0).split(",", -1));
    if (columns.size() < FIXED.size() || !columns.subList(0, FIXED.size()).equals(FIXED)) {
      if (kept.size() > 1) {
        throw new IOException(
            file
                + " must begin with the columns "
                + FIXED
                + ", got "
                + kept.get(0)
                + "; move it away, and the run goes on with a new one");
      }
      kept.clear(); // the first line, which a killed run has half written
      columns = FIXED;
    }
    AtomicFiles.writeText(file, text(kept));
    return new ValidationLog(file, columns.subList(FIXED.size(), columns.size()));
  }

  private static String text(List<String> lines) {
    return lines.isEmpty() ? "" : String.join("\n", lines) + "\n";
  }

  /** The step of a row; that of a row which a killed run has half written is beyond all. */
  private static int stepOf(String line) {
    int comma = line.indexOf(',');
    try {
      return comma < 0 ? Integer.MAX_VALUE : Integer.parseInt(line.substring(0, comma));
    } catch (NumberFormatException e) {
      return Integer.MAX_VALUE;
    }
  }

  /** Adds a row. */
  public void append(int step, int epoch, Map<String, Double> found) throws IOException {
    Map<String, Double> byColumn = new LinkedHashMap<>();
    found.forEach((name, score) -> byColumn.put(name.replaceAll("[,\"\\r\\n]", "_"), score));
    int before = scores.size();
    if (scores.addAll(byColumn.keySet()) || Files.size(file) == 0) {
      writeWider(scores.size() - before);
    }
    StringBuilder row = new StringBuilder().append(step).append(',').append(epoch);
    for (String column : scores) {
      double score = byColumn.getOrDefault(column, Double.NaN);
      row.append(',').append(Double.isFinite(score) ? Double.toString(score) : "");
    }
    Files.writeString(file, row.append('\n'), StandardOpenOption.APPEND);
  }

  private void writeWider(int more) throws IOException {
    List<String> lines = new ArrayList<>();
    for (String line : Files.readAllLines(file)) {
      lines.add(line + ",".repeat(more));
    }
    List<String> header = new ArrayList<>(FIXED);
    header.addAll(scores);
    lines.subList(0, Math.min(1, lines.size())).clear();
    lines.add(0, String.join(",", header));
    AtomicFiles.writeText(file, text(lines));
  }
}
