package io.t3d.core.train.internal;

import io.t3d.core.internal.AtomicFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * {@code validation.csv}, one row per validation: step, epoch (from 0) and the scores. A score that
 * is not finite is an empty cell.
 */
public final class ValidationLog {
  /** Its name in the output folder. */
  public static final String FILE = "validation.csv";

  private final Path file;

  private ValidationLog(Path file) {
    this.file = file;
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
    AtomicFiles.writeText(file, kept.isEmpty() ? "" : String.join("\n", kept) + "\n");
    return new ValidationLog(file);
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
  public void append(int step, int epoch, Map<String, Double> scores) throws IOException {
    StringBuilder text = new StringBuilder();
    if (Files.size(file) == 0) {
      text.append("step,epoch");
      scores.keySet().forEach(name -> text.append(',').append(name));
      text.append('\n');
    }
    text.append(step).append(',').append(epoch);
    scores.values().forEach(v -> text.append(',').append(Double.isFinite(v) ? v.toString() : ""));
    Files.writeString(file, text.append('\n'), StandardOpenOption.APPEND);
  }
}
