package io.t3d.core.text;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.t3d.core.T3dException;
import java.text.Normalizer;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/** BERT WordPiece vocabularies: built from reports, written as {@code tokenizer.json}. */
final class WordPieceVocabulary {
  static final List<String> SPECIAL = List.of("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]");
  private static final ObjectMapper JSON = new ObjectMapper();

  private WordPieceVocabulary() {}

  /**
   * Special tokens, then every character as a first and an inner piece, then the most frequent
   * words; ties go by the alphabet, so that equal reports give equal vocabularies.
   */
  static List<String> fromReports(Iterable<String> reports, int maxVocab) {
    Map<String, Integer> counts = new TreeMap<>();
    for (String report : reports) {
      words(report).forEach(w -> counts.merge(w, 1, Integer::sum));
    }
    if (counts.isEmpty()) {
      throw new T3dException(
          T3dException.Kind.INPUT,
          "reports must hold at least one word to build a vocabulary from, got none");
    }
    Set<String> tokens = new LinkedHashSet<>(SPECIAL);
    tokens.addAll(characters(counts.keySet()));
    if (tokens.size() > maxVocab) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "maxVocab must be at least "
              + tokens.size()
              + " (special tokens and the characters of these reports), got "
              + maxVocab);
    }
    counts.entrySet().stream()
        .sorted(
            Map.Entry.<String, Integer>comparingByValue(Comparator.reverseOrder())
                .thenComparing(Map.Entry.comparingByKey()))
        .map(Map.Entry::getKey)
        .filter(w -> !tokens.contains(w))
        .limit(maxVocab - tokens.size())
        .toList()
        .forEach(tokens::add);
    return List.copyOf(tokens);
  }

  /** Printable ASCII and all characters of the words, as first and as inner pieces. */
  private static List<String> characters(Collection<String> words) {
    Set<String> characters = new TreeSet<>();
    for (char c = '!'; c <= '~'; c++) {
      characters.add(String.valueOf(c).toLowerCase(Locale.ROOT));
    }
    words.forEach(w -> w.codePoints().mapToObj(Character::toString).forEach(characters::add));
    List<String> out = new ArrayList<>(characters);
    characters.stream()
        .filter(c -> !isPunctuation(c.codePointAt(0)))
        .map(c -> "##" + c)
        .forEach(out::add);
    return out;
  }

  /** Splits like BERT: lower case without accents, at white space and around punctuation. */
  private static List<String> words(String report) {
    String plain =
        Normalizer.normalize(report.toLowerCase(Locale.ROOT), Normalizer.Form.NFD)
            .replaceAll("\\p{Mn}+", "");
    List<String> words = new ArrayList<>();
    StringBuilder word = new StringBuilder();
    plain
        .codePoints()
        .forEach(
            c -> {
              boolean blank = Character.isWhitespace(c) || Character.isSpaceChar(c);
              boolean inWord = !blank && !Character.isISOControl(c) && !isPunctuation(c);
              if (!inWord && word.length() > 0) {
                words.add(word.toString());
                word.setLength(0);
              }
              if (inWord) {
                word.appendCodePoint(c);
              } else if (isPunctuation(c)) {
                words.add(Character.toString(c));
              }
            });
    if (word.length() > 0) {
      words.add(word.toString());
    }
    return words;
  }

  /** As in BERT: all ASCII signs, and Unicode's punctuation; other symbols belong to words. */
  private static boolean isPunctuation(int c) {
    if (c < 128) {
      return c > ' ' && c < 127 && !Character.isLetterOrDigit(c);
    }
    return switch (Character.getType(c)) {
      case Character.CONNECTOR_PUNCTUATION,
          Character.DASH_PUNCTUATION,
          Character.START_PUNCTUATION,
          Character.END_PUNCTUATION,
          Character.INITIAL_QUOTE_PUNCTUATION,
          Character.FINAL_QUOTE_PUNCTUATION,
          Character.OTHER_PUNCTUATION ->
          true;
      default -> false;
    };
  }

  /** The HuggingFace description of a lower-case BERT tokenizer; the line is the id. */
  static String toTokenizerJson(List<String> tokens) {
    return toTokenizer(tokens, "[UNK]", "[CLS]", "[SEP]").toPrettyString();
  }

  /**
   * The same with other special tokens.
   *
   * @param tokens the line is the id; of equal ones the last counts, as in transformers
   * @param unknown stands for words that cannot be put together
   * @param begin stands before every text
   * @param end stands behind every text
   */
  static ObjectNode toTokenizer(List<String> tokens, String unknown, String begin, String end) {
    ObjectNode root = JSON.createObjectNode().put("version", "1.0");
    root.putNull("truncation").putNull("padding");
    ArrayNode added = root.putArray("added_tokens");
    for (String special : SPECIAL) {
      if (tokens.contains(special)) {
        added
            .addObject()
            .put("id", tokens.lastIndexOf(special))
            .put("content", special)
            .put("single_word", false)
            .put("lstrip", false)
            .put("rstrip", false)
            .put("normalized", false)
            .put("special", true);
      }
    }
    root.putObject("normalizer")
        .put("type", "BertNormalizer")
        .put("clean_text", true)
        .put("handle_chinese_chars", true)
        .putNull("strip_accents")
        .put("lowercase", true);
    root.putObject("pre_tokenizer").put("type", "BertPreTokenizer");
    ObjectNode post = root.putObject("post_processor").put("type", "BertProcessing");
    post.putArray("sep").add(end).add(tokens.lastIndexOf(end));
    post.putArray("cls").add(begin).add(tokens.lastIndexOf(begin));
    root.putObject("decoder").put("type", "WordPiece").put("prefix", "##").put("cleanup", true);
    ObjectNode model =
        root.putObject("model")
            .put("type", "WordPiece")
            .put("unk_token", unknown)
            .put("continuing_subword_prefix", "##")
            .put("max_input_chars_per_word", 100);
    ObjectNode vocab = model.putObject("vocab");
    for (int id = 0; id < tokens.size(); id++) {
      vocab.put(tokens.get(id), id);
    }
    return root;
  }
}
