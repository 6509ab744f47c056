package io.t3d.core.torch.distributed.internal;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.t3d.core.T3dException;
import io.t3d.core.torch.distributed.ProcessGroup;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;

/** What must be the same in all workers before they train: versions, settings, data. */
public final class Agreement {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int SHOWN = 60;

  private Agreement() {}

  /**
   * Compares with rank 0.
   *
   * @param facts name → value; a value that is JSON is compared key by key
   * @throws T3dException in all workers when one differs; names it, and the first difference
   */
  public static void require(ProcessGroup group, Map<String, String> facts) {
    ObjectNode own = JSON.createObjectNode();
    facts.forEach((name, value) -> own.set(name, parsed(value)));
    List<String> all = group.allGather(own.toString());
    for (int r = 1; r < all.size(); r++) {
      if (!all.get(r).equals(all.get(0))) {
        Optional<String> difference = difference("", node(all.get(0)), node(all.get(r)));
        if (difference.isPresent()) {
          throw new T3dException(
              T3dException.Kind.USAGE,
              "All workers must train the same, but worker "
                  + r
                  + " differs from worker 0 in "
                  + difference.get()
                  + "; start all with the same program, --config, --manifest and files");
        }
      }
    }
  }

  private static JsonNode parsed(String value) {
    return value.startsWith("{") ? node(value) : JSON.getNodeFactory().textNode(value);
  }

  private static JsonNode node(String json) {
    try {
      return JSON.readTree(json);
    } catch (JsonProcessingException e) {
      throw new IllegalArgumentException("A fact must be text or valid JSON, got " + json, e);
    }
  }

  /** The path of the first difference and both values; {@code a} is rank 0's. */
  private static Optional<String> difference(String path, JsonNode a, JsonNode b) {
    if (a.equals(b)) {
      return Optional.empty();
    }
    if (a.isObject() && b.isObject()) {
      TreeSet<String> keys = new TreeSet<>();
      a.fieldNames().forEachRemaining(keys::add);
      b.fieldNames().forEachRemaining(keys::add);
      for (String key : keys) {
        String below = path.isEmpty() ? key : path + "." + key;
        Optional<String> found = difference(below, a.path(key), b.path(key));
        if (found.isPresent()) {
          return found;
        }
      }
    }
    return Optional.of(path + " (" + shown(b) + ", worker 0 has " + shown(a) + ")");
  }

  private static String shown(JsonNode node) {
    String text =
        node.isMissingNode() ? "nothing" : node.isTextual() ? node.asText() : node.toString();
    return text.length() > SHOWN ? text.substring(0, SHOWN) + "…" : text;
  }
}
