package io.t3d.core.train;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.t3d.core.internal.AtomicFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * {@code log.jsonl} and {@code log.csv}, one row per step. JSON has no NaN: a value that is not
 * finite is null there and an empty cell here.
 */
final class TrainingLog {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Path jsonl;
  private final Path csv;

  private TrainingLog(Path folder) {
    this.jsonl = folder.resolve("log.jsonl");
    this.csv = folder.resolve("log.csv");
  }

  /** Opens the logs of a folder and drops rows after a step: a resumed run writes those again. */
  static TrainingLog open(Path folder, int stepsDone) throws IOException {
    TrainingLog log = new TrainingLog(folder);
    List<String> rows = new ArrayList<>();
    List<String> cells = new ArrayList<>();
    if (stepsDone > 0 && Files.exists(log.jsonl)) {
      for (String line : Files.readAllLines(log.jsonl)) {
        JsonNode row = parse(line);
        if (row != null && row.path("step").asInt(Integer.MAX_VALUE) <= stepsDone) {
          if (cells.isEmpty()) {
            cells.add(header(row));
          }
          rows.add(line);
          cells.add(cells(row));
        }
      }
    }
    AtomicFiles.writeText(log.jsonl, text(rows));
    AtomicFiles.writeText(log.csv, text(cells));
    return log;
  }

  private static JsonNode parse(String line) {
    try {
      return JSON.readTree(line);
    } catch (JsonProcessingException e) {
      return null; // The last line of a run that was killed.
    }
  }

  private static String text(List<String> lines) {
    return lines.stream().map(line -> line + "\n").collect(Collectors.joining());
  }

  void append(StepRecord step) throws IOException {
    ObjectNode row = JSON.createObjectNode();
    row.put("step", step.step()).put("epoch", step.epoch());
    put(row, "learningRate", step.learningRate());
    put(row, "loss", step.loss());
    put(row, "gradNorm", step.gradNorm());
    put(row, "volumesPerSecond", step.volumesPerSecond());
    row.put("skipped", step.skipped());
    step.parts().forEach((name, value) -> put(row, name, value));
    boolean first = Files.size(csv) == 0;
    write(jsonl, row + "\n");
    write(csv, (first ? header(row) + "\n" : "") + cells(row) + "\n");
  }

  private static void put(ObjectNode row, String key, double value) {
    if (Double.isFinite(value)) {
      row.put(key, value);
    } else {
      row.putNull(key);
    }
  }

  private static String header(JsonNode row) {
    return row.properties().stream().map(e -> e.getKey()).collect(Collectors.joining(","));
  }

  private static String cells(JsonNode row) {
    return row.properties().stream()
        .map(e -> e.getValue().isNull() ? "" : e.getValue().asText())
        .collect(Collectors.joining(","));
  }

  private static void write(Path file, String text) throws IOException {
    Files.writeString(file, text, StandardOpenOption.APPEND);
  }
}
