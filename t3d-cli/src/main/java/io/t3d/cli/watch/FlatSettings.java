package io.t3d.cli.watch;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.t3d.core.config.Configs;
import java.util.LinkedHashMap;
import java.util.Map;

/** Settings as pairs of a dotted name and a value, as {@code training.seed} → 42. */
public final class FlatSettings {
  private static final ObjectMapper JSON = new ObjectMapper();

  private FlatSettings() {}

  /**
   * The pairs of a settings record.
   *
   * @return in the record's order; values are texts, numbers and booleans, lists are one text, what
   *     is absent is left out
   */
  public static Map<String, JsonNode> of(Record settings) {
    try {
      return of(JSON.readTree(Configs.toJson(settings)));
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("Configs writes JSON", e);
    }
  }

  /** The pairs of a tree. */
  public static Map<String, JsonNode> of(JsonNode settings) {
    Map<String, JsonNode> out = new LinkedHashMap<>();
    add("", settings, out);
    return out;
  }

  private static void add(String path, JsonNode node, Map<String, JsonNode> out) {
    if (node.isObject()) {
      node.properties()
          .forEach(
              e -> add(path.isEmpty() ? e.getKey() : path + "." + e.getKey(), e.getValue(), out));
    } else if (!node.isNull()) {
      out.put(path, node);
    }
  }

  /** A value as a reader wants it. */
  public static String text(JsonNode value) {
    return value.isValueNode() ? value.asText() : value.toString();
  }
}
