package io.t3d.core.text;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.t3d.core.T3dException;
import io.t3d.core.internal.PointerFiles;
import io.t3d.core.text.TokenizerSettings.Family;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Makes one {@code tokenizer.json} of what a HuggingFace folder holds: its own, or BERT's {@code
 * vocab.txt}, or RoBERTa's {@code vocab.json} and {@code merges.txt}, with the settings and added
 * tokens beside them.
 *
 * @param json a {@code tokenizer.json}
 * @param source what to call it in errors
 * @param longest tokens that the folder allows
 * @param cutsLeft whether the end of a long text is kept
 */
record TokenizerFiles(String json, String source, OptionalInt longest, boolean cutsLeft) {
  private static final Logger LOG = LoggerFactory.getLogger(TokenizerFiles.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String VOCAB_TXT = "vocab.txt";
  private static final String BERT_NORMALIZER = "BertNormalizer";

  /**
   * Reads a folder, or the folder of a {@code tokenizer.json} or {@code vocab.txt}.
   *
   * @throws IOException when there is none, or a file cannot be read
   * @throws T3dException when a file is not what its name says, or asks for what is not done
   */
  static TokenizerFiles read(Path path) throws IOException {
    boolean isFolder = Files.isDirectory(path);
    Path folder = isFolder ? path : path.toAbsolutePath().getParent();
    Path file = isFolder ? path.resolve(ReportTokenizer.FILE_NAME) : path;
    Path vocab = isFolder ? path.resolve(VOCAB_TXT) : path;
    Path merges = path.resolve("merges.txt");
    boolean isJson = Files.exists(file) && !file.endsWith(VOCAB_TXT);
    if (!isJson && Files.exists(vocab)) {
      return fromVocabTxt(vocab, TokenizerSettings.read(folder));
    }
    if (!isJson && Files.exists(merges)) {
      return fromMerges(path.resolve("vocab.json"), merges, TokenizerSettings.read(folder));
    }
    if (!isJson) {
      throw new NoSuchFileException(
          path.toString(),
          null,
          "no tokenizer there; expected a tokenizer.json, or a folder with tokenizer.json,"
              + " vocab.txt, or vocab.json and merges.txt");
    }
    // A file of another name is no part of a folder of HuggingFace's.
    boolean named = file.endsWith(ReportTokenizer.FILE_NAME);
    String text = PointerFiles.readText(file);
    return named
        ? fromJson(text, file, TokenizerSettings.read(folder))
        : new TokenizerFiles(text, file.toString(), OptionalInt.empty(), isLeft(text, file));
  }

  private static boolean isLeft(String json, Path file) {
    JsonNode direction = parse(json, file.toString()).path("truncation").path("direction");
    return direction.asText().equals("Left");
  }

  /** The JSON of a tokenizer that we can use. */
  static JsonNode parse(String json, String source) {
    JsonNode root;
    try {
      root = JSON.readTree(json);
    } catch (JsonProcessingException e) {
      throw new T3dException(
          T3dException.Kind.INPUT,
          source + " is not valid JSON; is the file complete? " + e.getOriginalMessage(),
          e);
    }
    JsonNode model = root.path("model");
    if (model.path("vocab").isArray() || model.path("type").asText().equals("Unigram")) {
      throw new T3dException(
          T3dException.Kind.INPUT,
          source
              + " is a Unigram model (SentencePiece, as of XLM-RoBERTa and T5), which is not"
              + " supported; expected WordPiece or BPE");
    }
    if (!model.path("vocab").isObject() || model.path("vocab").isEmpty()) {
      throw new T3dException(
          T3dException.Kind.INPUT,
          source + " is not a tokenizer.json of a BERT family: it has no model.vocab object");
    }
    if (model.path("dropout").asDouble(0) > 0) {
      throw new T3dException(
          T3dException.Kind.INPUT,
          source
              + ": model.dropout "
              + model.get("dropout")
              + " is not supported: a report would be cut into other pieces each time");
    }
    return root;
  }

  private static TokenizerFiles fromJson(String text, Path file, TokenizerSettings settings) {
    boolean left = settings.cutsLeft();
    if (!settings.says("truncation_side")) {
      left = isLeft(text, file);
    }
    JsonNode root = parse(text, file.toString());
    if (settings.isEmpty() || !(root instanceof ObjectNode changed)) {
      return new TokenizerFiles(text, file.toString(), settings.longest(), left);
    }
    JsonNode before = root.deepCopy();
    Family family = settings.family().orElse(Family.AS_IS);
    if (changed.path("normalizer").path("type").asText().equals(BERT_NORMALIZER)) {
      normalize((ObjectNode) changed.get("normalizer"), file, settings);
    } else {
      refuseUndone(changed, file, settings);
    }
    boolean normalizedAnew = !changed.path("normalizer").equals(before.path("normalizer"));
    putPrefixSpace(changed, settings);
    refuseOtherSpecials(changed, file, settings);
    putTokens(changed, settings, family);
    if (normalizedAnew && AddedTokens.of(changed).all().stream().anyMatch(AddedToken::normalized)) {
      LOG.warn(
          "{}: added tokens are looked for as the settings normalise texts; transformers looks for"
              + " them as tokenizer.json does, and may not find them",
          settings.folder());
    }
    String json = changed.equals(before) ? text : changed.toPrettyString();
    return new TokenizerFiles(json, file.toString(), settings.longest(), left);
  }

  /**
   * Case, accents and Chinese characters: the settings go before {@code tokenizer.json}, and so do
   * the defaults of BERT's class, as in transformers, which says nothing of it; we do.
   */
  private static void normalize(ObjectNode normalizer, Path file, TokenizerSettings settings) {
    Optional<Family> family = settings.family();
    boolean bert = family.equals(Optional.of(Family.BERT));
    for (Map.Entry<String, String> key :
        Map.of(
                "do_lower_case", "lowercase",
                "strip_accents", "strip_accents",
                "tokenize_chinese_chars", "handle_chinese_chars")
            .entrySet()) {
      Optional<Boolean> said = settings.flag(key.getKey());
      boolean accents = key.getKey().equals("strip_accents");
      Optional<Boolean> held =
          Optional.of(normalizer.path(key.getValue()))
              .filter(JsonNode::isBoolean)
              .map(JsonNode::booleanValue);
      boolean explicit = said.isPresent() || (accents && settings.says(key.getKey()));
      Optional<Boolean> wanted =
          explicit || accents ? said : Optional.of(true); // the defaults of BertTokenizer
      if (wanted.equals(held) || !(explicit || bert)) {
        continue;
      }
      if (explicit && family.isPresent() && !bert) {
        throw contradiction(
            settings, key.getKey(), file, held.map(Object::toString).orElse("null"));
      }
      if (!explicit) {
        LOG.warn(
            "{} says {} {}, but {} does not say {}, so its default {} stands, as in transformers;"
                + " write {} there",
            file,
            key.getValue(),
            held.map(Object::toString).orElse("null"),
            TokenizerSettings.CONFIG,
            key.getKey(),
            wanted.map(Object::toString).orElse("null"),
            key.getKey());
      }
      normalizer.put(key.getValue(), wanted.orElse(null));
    }
  }

  private static T3dException contradiction(
      TokenizerSettings settings, String key, Path file, String held) {
    return new T3dException(
        T3dException.Kind.INPUT,
        settings.folder().resolve(TokenizerSettings.CONFIG)
            + ": "
            + key
            + " is not what "
            + file.getFileName()
            + " does ("
            + held
            + "), and its tokenizer_class does not change that; make both say the same");
  }

  /** A normaliser of another kind does what it does; settings must not say otherwise. */
  private static void refuseUndone(ObjectNode root, Path file, TokenizerSettings settings) {
    boolean lower = root.path("normalizer").toString().contains("\"Lowercase\"");
    boolean strip = root.path("normalizer").toString().contains("\"StripAccents\"");
    if (settings.flag("do_lower_case").orElse(lower) != lower) {
      throw contradiction(settings, "do_lower_case", file, Boolean.toString(lower));
    }
    if (settings.flag("strip_accents").orElse(strip) != strip) {
      throw contradiction(settings, "strip_accents", file, Boolean.toString(strip));
    }
    if (settings.flag("tokenize_chinese_chars").orElse(false)
        && root.path("normalizer").isObject()) {
      throw contradiction(settings, "tokenize_chinese_chars", file, "false");
    }
  }

  /** transformers sets it anew, false where nothing says it. */
  private static void putPrefixSpace(ObjectNode root, TokenizerSettings settings) {
    JsonNode splitter = root.path("pre_tokenizer");
    if (splitter instanceof ObjectNode node && node.has("add_prefix_space")) {
      boolean known = settings.family().isPresent() || settings.says("add_prefix_space");
      boolean wanted = settings.flag("add_prefix_space").orElse(false);
      if (known && node.path("add_prefix_space").asBoolean() != wanted) {
        node.put("add_prefix_space", wanted);
      }
    }
  }

  /** What stands around a text and for unknown words is the file's: settings must agree. */
  private static void refuseOtherSpecials(ObjectNode root, Path file, TokenizerSettings settings) {
    Family family = settings.family().orElse(Family.AS_IS);
    JsonNode unknown = root.path("model").path("unk_token");
    if (settings.namesSpecial("unk_token") && unknown.isTextual()) {
      requireSame("unk_token", unknown.asText(), file, settings, family);
    }
    JsonNode around = root.path("post_processor");
    if (around.path("cls").isArray() && settings.namesSpecial("cls_token")) {
      requireSame("cls_token", around.path("cls").path(0).asText(), file, settings, family);
    }
    if (around.path("sep").isArray() && settings.namesSpecial("sep_token")) {
      requireSame("sep_token", around.path("sep").path(0).asText(), file, settings, family);
    }
    if (around.path("single").isArray() && around.path("single").size() > 1) {
      JsonNode first = around.path("single").get(0).path("SpecialToken").path("id");
      JsonNode last =
          around
              .path("single")
              .get(around.path("single").size() - 1)
              .path("SpecialToken")
              .path("id");
      if (first.isTextual() && settings.namesSpecial("cls_token")) {
        requireSame("cls_token", first.asText(), file, settings, family);
      }
      if (last.isTextual() && settings.namesSpecial("sep_token")) {
        requireSame("sep_token", last.asText(), file, settings, family);
      }
    }
  }

  private static void requireSame(
      String key, String held, Path file, TokenizerSettings settings, Family family) {
    String said = settings.special(key, family).orElse("null");
    if (!said.equals(held)) {
      throw new T3dException(
          T3dException.Kind.INPUT,
          settings.folder()
              + ": its settings say "
              + key
              + " "
              + said
              + ", "
              + file.getFileName()
              + " has "
              + held
              + "; make both say the same");
    }
  }

  /** Added tokens with the ids that the library gives them, and the token of padding. */
  private static void putTokens(ObjectNode root, TokenizerSettings settings, Family family) {
    requireOneTokenPerId(root, settings);
    AddedTokens tokens = AddedTokens.of(root);
    Map<String, Integer> moved = settings.addTo(tokens, family);
    if (!moved.isEmpty()) {
      LOG.warn(
          "{}: the ids {} are not those that follow the vocabulary; the tokens get {}, as in"
              + " transformers",
          settings.folder(),
          moved,
          tokens.beyond());
    }
    requireOwnIds(root, tokens, settings);
    tokens.write(root.putArray("added_tokens"));
    Optional<String> pad = settings.special("pad_token", family);
    if (settings.namesSpecial("pad_token") && pad.isPresent() && tokens.id(pad.get()).isPresent()) {
      boolean usual = pad.get().equals("[PAD]") || pad.get().equals("<pad>");
      if (!usual) {
        ReportTokenizer.putPadding(root, pad.get(), tokens.id(pad.get()).getAsInt());
      }
    }
  }

  /** Files that give an id to two tokens do not belong together. */
  private static void requireOneTokenPerId(ObjectNode root, TokenizerSettings settings) {
    Map<Integer, String> claimed = new HashMap<>();
    root.path("model")
        .path("vocab")
        .properties()
        .forEach(e -> claimed.put(e.getValue().asInt(), e.getKey()));
    root.path("added_tokens")
        .forEach(t -> claimed.put(t.path("id").asInt(), t.path("content").asText()));
    settings
        .numbered()
        .forEach(
            (id, token) -> {
              String other = claimed.getOrDefault(id, token);
              if (!other.equals(token)) {
                throw new T3dException(
                    T3dException.Kind.INPUT,
                    settings.folder()
                        + ": its settings give the id "
                        + id
                        + " to '"
                        + token
                        + "', its vocabulary to '"
                        + other
                        + "'; are the files of one tokenizer?");
              }
            });
  }

  /** A vocabulary with a line twice, or without some ids, has fewer tokens than its largest id. */
  private static void requireOwnIds(
      ObjectNode root, AddedTokens tokens, TokenizerSettings settings) {
    Map<String, Integer> beyond = tokens.beyond();
    for (Map.Entry<String, JsonNode> piece : root.path("model").path("vocab").properties()) {
      if (beyond.containsValue(piece.getValue().asInt())) {
        throw new T3dException(
            T3dException.Kind.INPUT,
            settings.folder()
                + ": its vocabulary has the id "
                + piece.getValue()
                + " for '"
                + piece.getKey()
                + "', which an added token would get too; is a line there twice, or missing?");
      }
    }
  }

  /** Where other tokens are special, the usual ones are texts like any other. */
  private static void dropUsualSpecials(
      ObjectNode root, TokenizerSettings settings, Family family) {
    for (String key : List.of("unk_token", "cls_token", "sep_token", "pad_token", "mask_token")) {
      boolean usual = settings.special(key, family).equals(TokenizerSettings.usual(key, family));
      if (!usual) {
        root.putArray("added_tokens");
        return;
      }
    }
  }

  private static TokenizerFiles fromVocabTxt(Path vocab, TokenizerSettings settings)
      throws IOException {
    Family family = requireFamily(settings, Family.BERT, vocab);
    boolean blank = false;
    List<String> lines = new ArrayList<>(PointerFiles.readText(vocab).lines().toList());
    while (!lines.isEmpty() && lines.get(lines.size() - 1).trim().isEmpty()) {
      lines.remove(lines.size() - 1);
      blank = true;
    }
    if (blank && settings.firstBeside(lines).equals(OptionalInt.of(lines.size() + 1))) {
      lines.add(""); // transformers counts the blank line, and the added tokens were numbered so
    }
    String unknown = settings.special("unk_token", family).orElse("[UNK]");
    String begin = settings.special("cls_token", family).orElse("[CLS]");
    String end = settings.special("sep_token", family).orElse("[SEP]");
    for (String special : List.of(unknown, begin, end)) {
      if (!lines.contains(special)) {
        throw new T3dException(
            T3dException.Kind.INPUT,
            vocab + " is not a BERT vocabulary: it has no line " + special);
      }
    }
    ObjectNode root = WordPieceVocabulary.toTokenizer(lines, unknown, begin, end);
    ObjectNode normalizer = (ObjectNode) root.get("normalizer");
    normalizer.put("lowercase", settings.flag("do_lower_case").orElse(true));
    normalizer.put("strip_accents", settings.flag("strip_accents").orElse(null));
    normalizer.put("handle_chinese_chars", settings.flag("tokenize_chinese_chars").orElse(true));
    dropUsualSpecials(root, settings, family);
    putTokens(root, settings, family);
    return new TokenizerFiles(
        root.toPrettyString(), vocab.toString(), settings.longest(), settings.cutsLeft());
  }

  private static TokenizerFiles fromMerges(Path vocab, Path merges, TokenizerSettings settings)
      throws IOException {
    Family family = requireFamily(settings, Family.ROBERTA, vocab);
    ObjectNode root =
        ByteLevelVocabulary.toTokenizer(
            vocab,
            merges,
            settings.special("cls_token", family).orElse("<s>"),
            settings.special("sep_token", family).orElse("</s>"),
            settings.flag("add_prefix_space").orElse(false));
    for (String key : List.of("do_lower_case", "strip_accents")) {
      if (settings.flag(key).orElse(false)) {
        throw contradiction(settings, key, vocab, "false");
      }
    }
    dropUsualSpecials(root, settings, family);
    putTokens(root, settings, family);
    return new TokenizerFiles(
        root.toPrettyString(), vocab.toString(), settings.longest(), settings.cutsLeft());
  }

  private static Family requireFamily(TokenizerSettings settings, Family of, Path vocab) {
    Family family = settings.family().orElse(of);
    if (family != of) {
      throw new T3dException(
          T3dException.Kind.INPUT,
          vocab
              + " is a vocabulary of the "
              + of
              + " family, but the settings beside it name a tokenizer_class or model_type of another;"
              + " is a tokenizer.json missing?");
    }
    return family;
  }
}
