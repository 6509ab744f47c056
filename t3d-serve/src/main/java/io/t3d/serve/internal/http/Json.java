package io.t3d.serve.internal.http;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.t3d.core.config.Configs;
import io.t3d.serve.internal.Refusal;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Reads requests and writes answers. */
final class Json {
  static final String MEDIA_TYPE = "application/json";
  private static final ObjectMapper MAPPER = new ObjectMapper();

  /** Parameters that are lists, however often they are given. */
  private static final Set<String> LISTS = Set.of("findings");

  /** Parameters that are numbers. */
  private static final Set<String> NUMBERS = Set.of("k", "maxLength", "beams");

  private Json() {}

  static byte[] bytes(Object answer) {
    try {
      return MAPPER.writeValueAsBytes(answer);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("an answer of the service cannot be written as JSON", e);
    }
  }

  /** As T3D writes settings. */
  static JsonNode settings(Object settings) {
    return tree(Configs.toJson(settings));
  }

  static JsonNode tree(String json) {
    try {
      return MAPPER.readTree(json);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("what T3D wrote is not JSON", e);
    }
  }

  static ObjectNode object() {
    return MAPPER.createObjectNode();
  }

  /** Reads a request; an unknown key is an error, and so is null but for what may be left out. */
  static <T> T request(String json, Class<T> type) {
    refuseNulls(json);
    try {
      return Configs.fromJson(json, type);
    } catch (IllegalArgumentException e) {
      throw Refusal.badRequest("the request is not what is expected: " + e.getMessage());
    }
  }

  /** Below the outermost keys: those that are optional may be null, as if they were not there. */
  private static void refuseNulls(String json) {
    try (JsonParser parser = MAPPER.createParser(json)) {
      for (JsonToken token = parser.nextToken(); token != null; token = parser.nextToken()) {
        if (token == JsonToken.VALUE_NULL && parser.getParsingContext().getNestingDepth() > 1) {
          throw Refusal.badRequest(
              "the request is not what is expected: "
                  + parser.getParsingContext().pathAsPointer()
                  + " is null; send a value");
        }
      }
    } catch (IOException e) {
      return; // no JSON: its reader says how
    }
  }

  /** The same from parameters of the query. */
  static <T> T request(Map<String, List<String>> query, Class<T> type) {
    ObjectNode json = object();
    query.forEach(
        (name, values) -> {
          if (LISTS.contains(name)) {
            ArrayNode list = json.putArray(name);
            values.forEach(list::add);
          } else if (NUMBERS.contains(name)) {
            json.put(name, number(name, values.get(0)));
          } else {
            json.put(name, values.get(0));
          }
        });
    return request(json.toString(), type);
  }

  private static int number(String name, String value) {
    try {
      return Integer.parseInt(value);
    } catch (NumberFormatException e) {
      throw Refusal.badRequest(name + " must be a whole number, got " + value);
    }
  }
}
