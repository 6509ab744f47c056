package io.t3d.core.text;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.t3d.core.T3dException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;

/** RoBERTa's byte-level BPE vocabularies, written as {@code tokenizer.json}. */
final class ByteLevelVocabulary {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String BEGIN = "<s>";
  private static final String END = "</s>";
  private static final List<String> SPECIAL = List.of(BEGIN, "<pad>", END, "<unk>", "<mask>");

  private ByteLevelVocabulary() {}

  /**
   * The HuggingFace description of the tokenizer that {@code RobertaTokenizerFast} makes of these
   * files.
   *
   * @param vocabJson piece → id
   * @param mergesTxt pairs of pieces, the most frequent first; a first line {@code #version …}
   * @throws IOException when a file is missing
   * @throws T3dException when one is not of this kind
   */
  static String toTokenizerJson(Path vocabJson, Path mergesTxt) throws IOException {
    JsonNode vocab = vocabulary(vocabJson);
    ObjectNode root = JSON.createObjectNode().put("version", "1.0");
    root.putNull("truncation").putNull("padding");
    addSpecialTokens(root.putArray("added_tokens"), vocab);
    root.putNull("normalizer");
    putByteLevel(root.putObject("pre_tokenizer"));
    ObjectNode post = root.putObject("post_processor").put("type", "RobertaProcessing");
    post.putArray("sep").add(END).add(vocab.get(END).intValue());
    post.putArray("cls").add(BEGIN).add(vocab.get(BEGIN).intValue());
    post.put("trim_offsets", true).put("add_prefix_space", false);
    putByteLevel(root.putObject("decoder"));
    ObjectNode model = root.putObject("model").put("type", "BPE").putNull("dropout");
    model
        .putNull("unk_token")
        .put("continuing_subword_prefix", "")
        .put("end_of_word_suffix", "")
        .put("fuse_unk", false);
    model.set("vocab", vocab);
    putMerges(model.putArray("merges"), mergesTxt);
    return root.toPrettyString();
  }

  private static JsonNode vocabulary(Path file) throws IOException {
    if (!Files.exists(file)) {
      throw new NoSuchFileException(file.toString(), null, "merges.txt needs vocab.json beside it");
    }
    try {
      JsonNode vocab = JSON.readTree(file.toFile());
      if (vocab.path(BEGIN).isInt() && vocab.path(END).isInt()) {
        return vocab;
      }
    } catch (JsonProcessingException e) {
      throw new T3dException(
          T3dException.Kind.INPUT,
          file + " is not valid JSON; is the file complete? " + e.getOriginalMessage(),
          e);
    }
    throw new T3dException(
        T3dException.Kind.INPUT,
        file + " is not a RoBERTa vocabulary: it has no ids of " + BEGIN + " and " + END);
  }

  private static void addSpecialTokens(ArrayNode added, JsonNode vocab) {
    for (String special : SPECIAL) {
      if (vocab.has(special)) {
        added
            .addObject()
            .put("id", vocab.get(special).intValue())
            .put("content", special)
            .put("single_word", false)
            .put("lstrip", special.equals("<mask>"))
            .put("rstrip", false)
            .put("normalized", true)
            .put("special", true);
      }
    }
  }

  private static void putByteLevel(ObjectNode node) {
    node.put("type", "ByteLevel")
        .put("add_prefix_space", false)
        .put("trim_offsets", true)
        .put("use_regex", true);
  }

  private static void putMerges(ArrayNode merges, Path file) throws IOException {
    for (String line : Files.readAllLines(file)) {
      if (line.startsWith("#version") || line.isBlank()) {
        continue;
      }
      if (line.indexOf(' ') < 1 || line.indexOf(' ') != line.lastIndexOf(' ')) {
        throw new T3dException(
            T3dException.Kind.INPUT, file + " must hold two pieces per line, got '" + line + "'");
      }
      merges.add(line);
    }
  }
}
