package io.t3d.core.text;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.t3d.core.T3dException;
import io.t3d.core.internal.PointerFiles;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;

/** RoBERTa's byte-level BPE vocabularies, written as {@code tokenizer.json}. */
final class ByteLevelVocabulary {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final List<String> SPECIAL = List.of("<s>", "<pad>", "</s>", "<unk>", "<mask>");

  private ByteLevelVocabulary() {}

  /**
   * The HuggingFace description of the tokenizer that {@code RobertaTokenizerFast} makes of these
   * files.
   *
   * @param vocabJson piece → id
   * @param mergesTxt pairs of pieces, the most frequent first; a first line {@code #version …}
   * @param begin stands before every text
   * @param end stands behind every text
   * @param prefixSpace whether the first word is taken for one behind a space
   * @throws IOException when a file is missing
   * @throws T3dException when one is not of this kind
   */
  static ObjectNode toTokenizer(
      Path vocabJson, Path mergesTxt, String begin, String end, boolean prefixSpace)
      throws IOException {
    JsonNode vocab = vocabulary(vocabJson, begin, end);
    ObjectNode root = JSON.createObjectNode().put("version", "1.0");
    root.putNull("truncation").putNull("padding");
    addSpecialTokens(root.putArray("added_tokens"), vocab);
    root.putNull("normalizer");
    putByteLevel(root.putObject("pre_tokenizer"), prefixSpace);
    ObjectNode post = root.putObject("post_processor").put("type", "RobertaProcessing");
    post.putArray("sep").add(end).add(vocab.get(end).intValue());
    post.putArray("cls").add(begin).add(vocab.get(begin).intValue());
    post.put("trim_offsets", true).put("add_prefix_space", prefixSpace);
    putByteLevel(root.putObject("decoder"), false);
    ObjectNode model = root.putObject("model").put("type", "BPE").putNull("dropout");
    model
        .putNull("unk_token")
        .put("continuing_subword_prefix", "")
        .put("end_of_word_suffix", "")
        .put("fuse_unk", false);
    model.set("vocab", vocab);
    putMerges(model.putArray("merges"), mergesTxt);
    return root;
  }

  private static JsonNode vocabulary(Path file, String begin, String end) throws IOException {
    if (!Files.exists(file)) {
      throw new NoSuchFileException(file.toString(), null, "merges.txt needs vocab.json beside it");
    }
    try {
      JsonNode vocab = JSON.readTree(PointerFiles.readText(file));
      if (vocab.path(begin).isInt() && vocab.path(end).isInt()) {
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
        file + " is not a RoBERTa vocabulary: it has no ids of " + begin + " and " + end);
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

  private static void putByteLevel(ObjectNode node, boolean prefixSpace) {
    node.put("type", "ByteLevel")
        .put("add_prefix_space", prefixSpace)
        .put("trim_offsets", true)
        .put("use_regex", true);
  }

  private static void putMerges(ArrayNode merges, Path file) throws IOException {
    boolean first = true;
    for (String line : PointerFiles.readText(file).lines().toList()) {
      boolean version = first && line.startsWith("#version");
      first = false;
      if (version || line.isBlank()) {
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
