package io.t3d.cli.print;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import java.time.Instant;
import java.time.temporal.ChronoUnit;

/** Prints one JSON object per line, each with {@code time} (ISO 8601, UTC) and {@code event}. */
final class JsonLog {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final PrintWriter out;

  JsonLog(PrintWriter out) {
    this.out = out;
  }

  /** A line to fill in and print. */
  ObjectNode line(String event) {
    return JSON.createObjectNode()
        .put("time", Instant.now().truncatedTo(ChronoUnit.MILLIS).toString())
        .put("event", event);
  }

  /** JSON has no NaN: a value that is not finite is null. */
  static void put(ObjectNode line, String key, double value) {
    if (Double.isFinite(value)) {
      line.put(key, value);
    } else {
      line.putNull(key);
    }
  }

  void print(ObjectNode line) {
    out.println(line);
    out.flush();
  }
}
