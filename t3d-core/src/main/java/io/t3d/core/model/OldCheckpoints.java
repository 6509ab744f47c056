package io.t3d.core.model;

import ai.djl.ndarray.NDArray;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Reads checkpoints of models that still held a text-informed fusion and prototypes. The fusion was
 * never trained and neither is used by any task, so both are left out; encoders and projections are
 * the same.
 */
final class OldCheckpoints {
  private static final Logger LOG = LoggerFactory.getLogger(OldCheckpoints.class);
  private static final List<String> SETTINGS = List.of("prototypes", "fusionHeads", "fusionGate");
  private static final List<String> PARTS = List.of("fusion.", "prototypes.");

  private OldCheckpoints() {}

  /** The settings without those of parts that are no more. */
  static String config(String json, Path dir) {
    try {
      JsonNode root = new ObjectMapper().readTree(json);
      if (!(root instanceof ObjectNode settings) || !settings.has("fusionHeads")) {
        return json;
      }
      LOG.warn(
          "{} was written by a version whose model held a text-informed fusion, which was never"
              + " trained, and prototypes; both are left out, all else is as it was",
          dir);
      return settings.remove(SETTINGS).toString();
    } catch (JsonProcessingException e) {
      return json; // the reader of settings says what is wrong
    }
  }

  /** The tensors without those of parts that are no more. */
  static Map<String, NDArray> weights(Map<String, NDArray> tensors) {
    Map<String, NDArray> kept = new LinkedHashMap<>(tensors);
    kept.keySet().removeIf(name -> PARTS.stream().anyMatch(name::startsWith));
    return kept;
  }
}
