package io.t3d.pipeline.published;

import io.t3d.core.T3dException;
import io.t3d.core.config.TextConfig;
import io.t3d.core.internal.PointerFiles;
import io.t3d.core.text.internal.HuggingFaceFolder;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.regex.Pattern;

/** Settings of BERT encoders from the shapes in a checkpoint. */
final class BertTexts {
  /** Width of a head in every BERT; a file does not tell it. */
  private static final int HEAD = 64;

  private static final Pattern BERT =
      Pattern.compile("\"model_type\"\\s*:\\s*\"(bert|cxr-bert|roberta)\"");

  private BertTexts() {}

  /** Whether a folder's settings are a BERT's, and not those of the whole model around it. */
  private static boolean isBert(Path config) throws IOException {
    return Files.isRegularFile(config) && BERT.matcher(PointerFiles.readText(config)).find();
  }

  /**
   * Settings that fit a file. What shapes do not tell (heads, epsilon) comes from the {@code
   * config.json} beside the tokenizer, else is BERT-base's.
   *
   * @param file the tensors
   * @param prefix before the encoder's names, e.g. {@code text_transformer.}
   * @param tokenizer the folder
   * @param kind for messages
   * @throws T3dException when there is no tokenizer
   * @throws IOException when the folder's {@code config.json} cannot be read
   */
  static TextConfig config(
      PublishedTensors file, String prefix, Optional<Path> tokenizer, String kind)
      throws IOException {
    int tokenTypes = file.size(prefix + "embeddings.token_type_embeddings.weight", 2, 0);
    return configWithoutTokenTypes(file, prefix, tokenizer, kind).toBuilder()
        .tokenTypes(tokenTypes)
        .build();
  }

  /** The same where the file need not have embeddings of token types. */
  static TextConfig configWithoutTokenTypes(
      PublishedTensors file, String prefix, Optional<Path> tokenizer, String kind)
      throws IOException {
    Path folder = required(tokenizer, kind);
    boolean told = isBert(folder.resolve("config.json"));
    TextConfig base = told ? HuggingFaceFolder.sizes(folder) : TextConfig.bertBase();
    return encoder(file, prefix, folder, base, told ? 0 : HEAD);
  }

  /** The folder, or an error that says how to give one. */
  static Path required(Optional<Path> tokenizer, String kind) {
    if (tokenizer.isEmpty()) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "A file of "
              + kind
              + " has no tokenizer; give with --tokenizer a folder with its tokenizer.json or"
              + " vocab.txt, see docs/published-models.md");
    }
    return tokenizer.get();
  }

  /**
   * Settings with the sizes of a file.
   *
   * @param folder the tokenizer's
   * @param base the rest
   * @param head width of a head; 0 to keep the heads of {@code base}
   */
  static TextConfig sized(
      PublishedTensors file, String prefix, Path folder, TextConfig base, int head) {
    int tokenTypes = file.size(prefix + "embeddings.token_type_embeddings.weight", 2, 0);
    return encoder(file, prefix, folder, base, head).toBuilder().tokenTypes(tokenTypes).build();
  }

  /** All sizes but the token types, which are those of {@code base}. */
  private static TextConfig encoder(
      PublishedTensors file, String prefix, Path folder, TextConfig base, int head) {
    long[] words = file.shape(prefix + "embeddings.word_embeddings.weight", 2);
    int hidden = Math.toIntExact(words[1]);
    int positions = file.size(prefix + "embeddings.position_embeddings.weight", 2, 0);
    int layers =
        file.count(
            Pattern.quote(prefix) + "encoder\\.layer\\.(\\d+)\\.intermediate\\.dense\\.weight");
    int told = head == 0 ? base.heads() : Math.max(1, hidden / head);
    int heads = hidden % told == 0 ? told : 1;
    return base.toBuilder()
        .tokenizer(folder.toString())
        .vocabSize(Math.toIntExact(words[0]))
        .hiddenSize(hidden)
        .heads(heads)
        .layers(Math.max(1, layers))
        .mlpSize(file.size(prefix + "encoder.layer.0.intermediate.dense.weight", 2, 0))
        .positions(Math.max(2 + base.positionOffset(), positions))
        .maxLength(Math.max(2, positions - base.positionOffset()))
        .dropout(0)
        .pooling(TextConfig.Pooling.CLS)
        .build();
  }
}
