package io.t3d.core.text;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalInt;

/**
 * Numbers added tokens as HuggingFace's library does, whatever the files say: a token that the
 * vocabulary holds keeps its id there, all others follow the vocabulary one by one. (tokenizers
 * 0.21, {@code AddedVocabulary::add_tokens})
 */
final class AddedTokens {
  private final JsonNode vocabulary;
  private final Map<String, AddedToken> tokens = new LinkedHashMap<>();
  private final Map<String, Integer> ids = new LinkedHashMap<>();
  private int last = -1; // the largest id of an added token

  /**
   * Begins with none.
   *
   * @param vocabulary piece → id
   */
  AddedTokens(JsonNode vocabulary) {
    this.vocabulary = vocabulary;
  }

  /** With those of a {@code tokenizer.json}. */
  static AddedTokens of(JsonNode root) {
    AddedTokens all = new AddedTokens(root.path("model").path("vocab"));
    root.path("added_tokens").forEach(t -> all.add(AddedToken.of(t)));
    return all;
  }

  /** Adds a token, or gives one that is there other wishes. */
  void add(AddedToken token) {
    if (token.content().isEmpty()) {
      return;
    }
    tokens.put(token.content(), token);
    int id = ids.computeIfAbsent(token.content(), this::next);
    last = Math.max(last, id);
  }

  private int next(String content) {
    return vocabulary.has(content)
        ? vocabulary.get(content).asInt()
        : Math.max(vocabulary.size(), last + 1);
  }

  /** Whether a text is a token, of the vocabulary or added. */
  boolean knows(String content) {
    return ids.containsKey(content) || vocabulary.has(content);
  }

  boolean has(AddedToken token) {
    return token.equals(tokens.get(token.content()));
  }

  boolean has(String content) {
    return tokens.containsKey(content);
  }

  /** The id of a token, of the vocabulary or added. */
  OptionalInt id(String content) {
    if (ids.containsKey(content)) {
      return OptionalInt.of(ids.get(content));
    }
    return vocabulary.has(content)
        ? OptionalInt.of(vocabulary.get(content).asInt())
        : OptionalInt.empty();
  }

  /** Added tokens, in the order of being added. */
  Collection<AddedToken> all() {
    return Collections.unmodifiableCollection(tokens.values());
  }

  /** Those that the vocabulary does not hold: text → id. */
  Map<String, Integer> beyond() {
    Map<String, Integer> out = new LinkedHashMap<>(ids);
    out.keySet().removeIf(vocabulary::has);
    return out;
  }

  /** Rows that an embedding needs: one more than the largest id. */
  int size() {
    int largest = last;
    for (JsonNode id : vocabulary) {
      largest = Math.max(largest, id.asInt());
    }
    return largest + 1;
  }

  /** Writes them as {@code tokenizer.json} holds them. */
  void write(ArrayNode into) {
    tokens.forEach((content, token) -> token.write(into.addObject(), ids.get(content)));
  }
}
