package io.t3d.core.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/**
 * A text that is one token wherever it stands, as HuggingFace's library describes it.
 *
 * @param content the text
 * @param singleWord whether it is found as a whole word only
 * @param lstrip whether it takes the white space before it
 * @param rstrip whether it takes the white space behind it
 * @param normalized whether it is looked for in the normalised text, e.g. in lower case
 * @param special whether it stands for no text
 */
record AddedToken(
    String content,
    boolean singleWord,
    boolean lstrip,
    boolean rstrip,
    boolean normalized,
    boolean special) {
  /** A token without wishes; those that stand for no text are not normalised. */
  static AddedToken plain(String content, boolean special) {
    return new AddedToken(content, false, false, false, !special, special);
  }

  /** From an object with {@code content} and, as far as they are there, the other keys. */
  static AddedToken of(JsonNode node) {
    return of(node, node.path("special").asBoolean(false));
  }

  /** The same, special or not whatever the object says. */
  static AddedToken of(JsonNode node, boolean special) {
    return new AddedToken(
        node.path("content").asText(),
        node.path("single_word").asBoolean(false),
        node.path("lstrip").asBoolean(false),
        node.path("rstrip").asBoolean(false),
        node.path("normalized").asBoolean(!special),
        special);
  }

  AddedToken asSpecial(boolean value) {
    return new AddedToken(content, singleWord, lstrip, rstrip, normalized, value);
  }

  void write(ObjectNode into, int id) {
    into.put("id", id)
        .put("content", content)
        .put("single_word", singleWord)
        .put("lstrip", lstrip)
        .put("rstrip", rstrip)
        .put("normalized", normalized)
        .put("special", special);
  }
}
