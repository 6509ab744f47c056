package io.t3d.core.text;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.t3d.core.T3dException;
import io.t3d.core.internal.PointerFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.TreeMap;

/**
 * What stands beside a vocabulary in a HuggingFace folder: {@code tokenizer_config.json}, {@code
 * special_tokens_map.json}, {@code added_tokens.json}, and the {@code model_type} of {@code
 * config.json}. They mean what they mean in {@code transformers} 4; a setting that we do not do, or
 * do not know, is refused by its name.
 */
final class TokenizerSettings {
  static final String CONFIG = "tokenizer_config.json";
  static final String SPECIAL_MAP = "special_tokens_map.json";
  static final String ADDED = "added_tokens.json";

  private static final ObjectMapper JSON = new ObjectMapper();

  /** What a class of {@code transformers} does with a {@code tokenizer.json}. */
  enum Family {
    /** Sets case, accents and Chinese characters anew. */
    BERT,
    /** Byte-level pieces, a mask that takes the space before it. */
    ROBERTA,
    /** Takes all as it is. */
    AS_IS
  }

  private static final Map<String, Family> CLASSES =
      Map.ofEntries(
          Map.entry("BertTokenizer", Family.BERT),
          Map.entry("CXRBertTokenizer", Family.BERT),
          Map.entry("DistilBertTokenizer", Family.BERT),
          Map.entry("ElectraTokenizer", Family.BERT),
          Map.entry("RobertaTokenizer", Family.ROBERTA),
          Map.entry("LongformerTokenizer", Family.ROBERTA),
          Map.entry("PreTrainedTokenizer", Family.AS_IS),
          Map.entry("TokenizersBackend", Family.AS_IS));

  /** In the order in which transformers adds them. */
  private static final List<String> SPECIALS =
      List.of(
          "bos_token",
          "eos_token",
          "unk_token",
          "sep_token",
          "pad_token",
          "cls_token",
          "mask_token");

  private static final String MORE_SPECIALS = "additional_special_tokens";
  private static final String EXTRA_SPECIALS = "extra_special_tokens";
  private static final String DECODER = "added_tokens_decoder";

  private static final Map<Family, Map<String, String>> DEFAULTS =
      Map.of(
          Family.BERT,
          Map.of(
              "unk_token", "[UNK]",
              "sep_token", "[SEP]",
              "pad_token", "[PAD]",
              "cls_token", "[CLS]",
              "mask_token", "[MASK]"),
          Family.ROBERTA,
          Map.of(
              "bos_token", "<s>",
              "eos_token", "</s>",
              "unk_token", "<unk>",
              "sep_token", "</s>",
              "pad_token", "<pad>",
              "cls_token", "<s>",
              "mask_token", "<mask>"),
          Family.AS_IS,
          Map.of());

  /** Keys that this class reads. */
  private static final Set<String> READ =
      Set.of(
          "tokenizer_class",
          "do_lower_case",
          "strip_accents",
          "tokenize_chinese_chars",
          "add_prefix_space",
          "model_max_length",
          "max_len",
          "truncation_side",
          MORE_SPECIALS,
          EXTRA_SPECIALS,
          DECODER);

  /** Keys that change no token: notes of who saved it, offsets, decoding, and calls' defaults. */
  private static final Set<String> WITHOUT_EFFECT =
      Set.of(
          "_commit_hash",
          "_from_auto",
          "backend",
          "cache_dir",
          "chat_template",
          "clean_up_tokenization_spaces",
          "deprecation_warnings",
          "device_map",
          "errors",
          "feature_extractor_type",
          "from_slow",
          "full_tokenizer_file",
          "image_processor_type",
          "is_fast",
          "is_local",
          "legacy",
          "local_files_only",
          "max_length",
          "merges_file",
          "model_input_names",
          "model_type",
          "name_or_path",
          "pad_to_multiple_of",
          "pad_token_type_id",
          "padding",
          "processor_class",
          "return_tensors",
          "return_token_type_ids",
          "revision",
          "special_tokens_map_file",
          "stride",
          "subfolder",
          "task_specific_params",
          "token",
          "tokenizer_file",
          "transformers_version",
          "trim_offsets",
          "truncation",
          "truncation_strategy",
          "trust_remote_code",
          "use_auth_token",
          "use_fast",
          "verbose",
          "vocab_size",
          "vocab_file");

  private final Path folder;
  private final ObjectNode config;
  private final Optional<Family> family;
  private final Map<String, JsonNode> specials = new LinkedHashMap<>(); // explicit ones
  private final List<AddedToken> moreSpecials = new ArrayList<>();
  private final Map<Integer, AddedToken> added = new TreeMap<>();

  private TokenizerSettings(Path folder, ObjectNode config, Optional<Family> family) {
    this.folder = folder;
    this.config = config;
    this.family = family;
  }

  /**
   * Reads them all.
   *
   * @param folder may have none of these files
   * @throws IOException when a file cannot be read
   * @throws T3dException naming a setting that is not done
   */
  static TokenizerSettings read(Path folder) throws IOException {
    ObjectNode config = object(folder.resolve(CONFIG));
    TokenizerSettings settings = new TokenizerSettings(folder, config, family(folder, config));
    settings.refuseOthers();
    settings.takeSpecials(config, CONFIG);
    if (config.has(DECODER)) {
      // transformers then looks at neither of the older files
      config.get(DECODER).properties().forEach(e -> settings.takeAdded(e.getKey(), e.getValue()));
    } else {
      ObjectNode map = object(folder.resolve(SPECIAL_MAP));
      settings.refuseUnknownSpecials(map);
      settings.takeSpecials(map, SPECIAL_MAP);
      object(folder.resolve(ADDED)).properties().forEach(settings::takeOldAdded);
    }
    return settings;
  }

  private static ObjectNode object(Path file) throws IOException {
    if (!Files.exists(file)) {
      return JSON.createObjectNode();
    }
    try {
      if (JSON.readTree(PointerFiles.readText(file)) instanceof ObjectNode node) {
        return node;
      }
    } catch (JsonProcessingException e) {
      throw new T3dException(
          T3dException.Kind.INPUT,
          file + " is not valid JSON; is the file complete? " + e.getOriginalMessage(),
          e);
    }
    throw new T3dException(T3dException.Kind.INPUT, file + " must hold one JSON object");
  }

  /** By the tokenizer's own settings, then those of the model, as AutoTokenizer finds its class. */
  private static Optional<Family> family(Path folder, ObjectNode config) throws IOException {
    ObjectNode model = object(folder.resolve("config.json"));
    Path from = folder.resolve(config.hasNonNull("tokenizer_class") ? CONFIG : "config.json");
    String name = config.path("tokenizer_class").asText(model.path("tokenizer_class").asText(""));
    if (!name.isEmpty() && !name.equals("null")) {
      Family family = CLASSES.get(name.replaceFirst("Fast$", ""));
      if (family == null) {
        throw refused(
            from,
            "tokenizer_class",
            name,
            "known are " + CLASSES.keySet().stream().sorted().toList());
      }
      return Optional.of(family);
    }
    return switch (model.path("model_type").asText("")) {
      case "bert", "cxr-bert" -> Optional.of(Family.BERT);
      case "roberta" -> Optional.of(Family.ROBERTA);
      default -> Optional.empty();
    };
  }

  private static T3dException refused(Path file, String key, Object value, String why) {
    return new T3dException(
        T3dException.Kind.INPUT, file + ": " + key + " " + value + " is not supported: " + why);
  }

  private T3dException refused(String key, String why) {
    return refused(folder.resolve(CONFIG), key, config.get(key), why);
  }

  private void refuseOthers() {
    boolean ownCode =
        config.hasNonNull("auto_map")
            && !config.path("tokenizer_class").asText().startsWith("CXRBert");
    if (ownCode) {
      throw refused("auto_map", "it names code of the folder's own, and none is run");
    }
    for (Map.Entry<String, JsonNode> entry : config.properties()) {
      String key = entry.getKey();
      JsonNode value = entry.getValue();
      boolean known =
          READ.contains(key)
              || WITHOUT_EFFECT.contains(key)
              || SPECIALS.contains(key)
              || (key.endsWith("_id") && SPECIALS.contains(key.substring(0, key.length() - 3)))
              || value.isNull();
      if (!known && !isHarmless(key, value)) {
        throw refused(
            key,
            switch (key) {
              case "do_basic_tokenize", "never_split", "clean_text", "wordpieces_prefix" ->
                  "the fast tokenizers of transformers do not do it either";
              case "split_special_tokens" -> "special tokens are found in the text";
              case "padding_side" -> "padding stands on the right";
              default -> "its effect is not known; remove it if it has none";
            });
      }
    }
    String side = config.path("truncation_side").asText("right");
    if (!side.equals("right") && !side.equals("left")) {
      throw refused("truncation_side", "it must be left or right");
    }
  }

  /** Values that ask for what is done anyway. */
  private boolean isHarmless(String key, JsonNode value) {
    return switch (key) {
      case "auto_map" -> true; // refused above unless it is known
      case "padding_side" -> value.asText().equals("right");
      case "do_basic_tokenize", "clean_text", "add_special_tokens" -> value.asBoolean(false);
      case "split_special_tokens" -> !value.asBoolean(true);
      case "never_split", "init_inputs" -> value.isEmpty();
      case "wordpieces_prefix" -> value.asText().equals("##");
      default -> false;
    };
  }

  private void refuseUnknownSpecials(ObjectNode map) {
    for (Map.Entry<String, JsonNode> entry : map.properties()) {
      String key = entry.getKey();
      if (!SPECIALS.contains(key) && !key.equals(MORE_SPECIALS) && !entry.getValue().isNull()) {
        throw refused(
            folder.resolve(SPECIAL_MAP), key, entry.getValue(), "it is no name of a special token");
      }
    }
  }

  private void takeSpecials(ObjectNode from, String file) {
    for (String key : SPECIALS) {
      JsonNode value = from.get(key);
      if (value == null) {
        continue;
      }
      boolean fits = value.isNull() || value.isTextual() || value.path("content").isTextual();
      if (!fits) {
        throw refused(folder.resolve(file), key, value, "it must be a text or a token's settings");
      }
      specials.put(key, value);
    }
    for (String key : List.of(MORE_SPECIALS, EXTRA_SPECIALS)) {
      for (JsonNode value : from.path(key)) {
        if (!value.isTextual() && !value.path("content").isTextual()) {
          throw refused(
              folder.resolve(file), key, value, "it must be a text or a token's settings");
        }
        AddedToken token =
            value.isTextual() ? AddedToken.plain(value.asText(), true) : AddedToken.of(value, true);
        if (moreSpecials.stream().noneMatch(t -> t.content().equals(token.content()))) {
          moreSpecials.add(token);
        }
      }
    }
  }

  private void takeAdded(String id, JsonNode token) {
    try {
      if (token.path("content").isTextual()) {
        added.put(Integer.parseInt(id), AddedToken.of(token));
        return;
      }
    } catch (NumberFormatException e) {
      // said below
    }
    throw refused(
        folder.resolve(CONFIG),
        DECODER,
        "{" + id + ": " + token + "}",
        "it must map ids to tokens");
  }

  /** {@code added_tokens.json} of before 2023: text → id. */
  private void takeOldAdded(Map.Entry<String, JsonNode> entry) {
    if (!entry.getValue().canConvertToInt()) {
      throw refused(
          folder.resolve(ADDED), entry.getKey(), entry.getValue(), "it must map texts to ids");
    }
    boolean special =
        specials.values().stream().anyMatch(v -> text(v).equals(entry.getKey()))
            || moreSpecials.stream().anyMatch(t -> t.content().equals(entry.getKey()));
    added.put(entry.getValue().intValue(), AddedToken.plain(entry.getKey(), special));
  }

  private static String text(JsonNode special) {
    return special.isTextual() ? special.asText() : special.path("content").asText("");
  }

  /** Whether nothing is said anywhere. */
  boolean isEmpty() {
    return config.isEmpty()
        && family.isEmpty()
        && specials.isEmpty()
        && moreSpecials.isEmpty()
        && added.isEmpty();
  }

  /** Tokens that a file gives an id: id → text. */
  Map<Integer, String> numbered() {
    Map<Integer, String> out = new TreeMap<>();
    added.forEach((id, token) -> out.put(id, token.content()));
    return out;
  }

  /** The smallest id of a token that is none of these pieces. */
  OptionalInt firstBeside(Collection<String> pieces) {
    return added.entrySet().stream()
        .filter(e -> !pieces.contains(e.getValue().content()))
        .mapToInt(Map.Entry::getKey)
        .min();
  }

  Optional<Family> family() {
    return family;
  }

  Path folder() {
    return folder;
  }

  /** A truth value, where the settings say it and not null. */
  Optional<Boolean> flag(String key) {
    JsonNode value = config.path(key);
    if (value.isMissingNode() || value.isNull()) {
      return Optional.empty();
    }
    if (!value.isBoolean()) {
      throw refused(key, "it must be true or false");
    }
    return Optional.of(value.booleanValue());
  }

  /** Whether the settings have a key, be it with null. */
  boolean says(String key) {
    return config.has(key);
  }

  /** Whether the end of a long text is kept. */
  boolean cutsLeft() {
    return config.path("truncation_side").asText().equals("left");
  }

  /** The longest that transformers lets through. */
  OptionalInt longest() {
    JsonNode value =
        config.path(config.hasNonNull("model_max_length") ? "model_max_length" : "max_len");
    // transformers writes 10³⁰ where there is no limit
    return value.isNumber() && value.asDouble() >= 1 && value.asDouble() < Integer.MAX_VALUE
        ? OptionalInt.of(value.asInt())
        : OptionalInt.empty();
  }

  /** A special token that a file names, or the family's own; empty when there is none. */
  Optional<String> special(String key, Family of) {
    if (specials.containsKey(key)) {
      return Optional.of(text(specials.get(key))).filter(t -> !t.isEmpty());
    }
    return Optional.ofNullable(DEFAULTS.get(of).get(key));
  }

  /** The special token of a family where no file names another. */
  static Optional<String> usual(String key, Family of) {
    return Optional.ofNullable(DEFAULTS.get(of).get(key));
  }

  /** Whether a file names the special token. */
  boolean namesSpecial(String key) {
    return specials.containsKey(key);
  }

  /**
   * Adds tokens in the order of {@code PreTrainedTokenizerFast}: those with an id by their ids,
   * then special ones that are not there. A special token that only the family names, and the
   * vocabulary does not hold, is left out: no id of the model is meant for it.
   *
   * @return where an id is not the one that its file says: text → id in the file
   */
  Map<String, Integer> addTo(AddedTokens tokens, Family of) {
    Map<String, AddedToken> flagged = new LinkedHashMap<>();
    tokens.all().forEach(t -> flagged.put(t.content(), t));
    added.values().forEach(t -> flagged.put(t.content(), t));
    Map<String, AddedToken> special = specialTokens(of, flagged, tokens);
    for (AddedToken token : added.values()) {
      if (!tokens.has(token)) {
        tokens.add(token.asSpecial(token.special() || special.containsKey(token.content())));
      }
    }
    for (AddedToken token : special.values()) {
      boolean plain = token.equals(AddedToken.plain(token.content(), true));
      if (!plain || !tokens.has(token.content())) {
        tokens.add(token);
      }
    }
    Map<String, Integer> moved = new LinkedHashMap<>();
    added.forEach(
        (id, token) -> {
          if (tokens.id(token.content()).orElse(id) != id) {
            moved.put(token.content(), id);
          }
        });
    return moved;
  }

  private Map<String, AddedToken> specialTokens(
      Family of, Map<String, AddedToken> flagged, AddedTokens tokens) {
    Map<String, AddedToken> out = new LinkedHashMap<>();
    for (String key : SPECIALS) {
      JsonNode said = specials.get(key);
      Optional<String> name = special(key, of);
      boolean nobodys = said == null && name.isPresent() && !tokens.knows(name.get());
      if (name.isEmpty() || nobodys || out.containsKey(name.get())) {
        continue;
      }
      AddedToken token = AddedToken.plain(name.get(), true);
      if (said != null && said.isObject()) {
        token = AddedToken.of(said, true);
        token = flagged.getOrDefault(name.get(), token);
      } else if (said != null && flagged.containsKey(name.get())) {
        token = flagged.get(name.get());
      } else if (of == Family.ROBERTA && key.equals("mask_token")) {
        token = new AddedToken(name.get(), false, true, false, false, true);
      }
      out.put(name.get(), token.asSpecial(true));
    }
    for (AddedToken token : moreSpecials) {
      out.putIfAbsent(
          token.content(), flagged.getOrDefault(token.content(), token).asSpecial(true));
    }
    return out;
  }
}
