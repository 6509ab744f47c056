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
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * {@code log.jsonl} and {@code log.csv}, one row per step. JSON has no NaN: a value that is not
 * finite is null there and an empty cell here. The columns of the CSV are the same for all rows and
 * any number of workers; where a later row has one more, the file is written anew.
 */
final class TrainingLog {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Of every step, in this order; the parts of the loss follow. */
  private static final List<String> FIXED =
      List.of(
          "step",
          "epoch",
          "learningRate",
          "loss",
          "gradNorm",
          "volumesPerSecond",
          "skipped",
          "sentBytes",
          "collectiveSeconds");

  private final Path jsonl;
  private final Path csv;
  private final Set<String> columns = new LinkedHashSet<>(FIXED);

  private TrainingLog(Path folder) {
    this.jsonl = folder.resolve("log.jsonl");
    this.csv = folder.resolve("log.csv");
  }

  /** Opens the logs of a folder and drops rows after a step: a resumed run writes those again. */
  static TrainingLog open(Path folder, int stepsDone) throws IOException {
    TrainingLog log = new TrainingLog(folder);
    List<JsonNode> rows = new ArrayList<>();
    if (stepsDone > 0) {
      for (JsonNode row : log.written()) {
        if (row.path("step").asInt(Integer.MAX_VALUE) <= stepsDone) {
          rows.add(row);
          row.fieldNames().forEachRemaining(log.columns::add);
        }
      }
    }
    AtomicFiles.writeText(log.jsonl, text(rows.stream().map(JsonNode::toString).toList()));
    log.writeCsv(rows);
    return log;
  }

  private List<JsonNode> written() throws IOException {
    List<JsonNode> rows = new ArrayList<>();
    if (Files.exists(jsonl)) {
      for (String line : Files.readAllLines(jsonl)) {
        JsonNode row = parse(line);
        if (row != null) {
          rows.add(row);
        }
      }
    }
    return rows;
  }

  private void writeCsv(List<JsonNode> rows) throws IOException {
    List<String> lines = new ArrayList<>();
    if (!rows.isEmpty()) {
      lines.add(String.join(",", columns));
    }
    rows.forEach(row -> lines.add(cells(row)));
    AtomicFiles.writeText(csv, text(lines));
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
    row.put("sentBytes", step.traffic().bytes());
    row.put("collectiveSeconds", step.traffic().seconds());
    step.parts().forEach((name, value) -> put(row, name, value));
    boolean more = false;
    for (Iterator<String> names = row.fieldNames(); names.hasNext(); ) {
      more |= columns.add(names.next());
    }
    write(jsonl, row + "\n");
    if (more || Files.size(csv) == 0) {
      writeCsv(written());
    } else {
      write(csv, cells(row) + "\n");
    }
  }

  private static void put(ObjectNode row, String key, double value) {
    if (Double.isFinite(value)) {
      row.put(key, value);
    } else {
      row.putNull(key);
    }
  }

  private String cells(JsonNode row) {
    return columns.stream()
        .map(name -> row.path(name).isNull() ? "" : row.path(name).asText())
        .collect(Collectors.joining(","));
  }

  private static void write(Path file, String text) throws IOException {
    Files.writeString(file, text, StandardOpenOption.APPEND);
  }
}
