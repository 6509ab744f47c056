package io.t3d.pipeline.published;

import io.t3d.core.T3dException;
import io.t3d.core.config.TextConfig;
import io.t3d.core.internal.PointerFiles;
import io.t3d.core.text.HuggingFaceFolder;
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
    if (tokenizer.isEmpty()) {
      throw new T3dException(
          T3dException.Kind.USAGE,
          "A file of "
              + kind
              + " has no tokenizer; give with --tokenizer a folder with its tokenizer.json or"
              + " vocab.txt, see docs/published-models.md");
    }
    long[] words = file.shape(prefix + "embeddings.word_embeddings.weight", 2);
    int hidden = Math.toIntExact(words[1]);
    int positions = file.size(prefix + "embeddings.position_embeddings.weight", 2, 0);
    int layers =
        file.count(
            Pattern.quote(prefix) + "encoder\\.layer\\.(\\d+)\\.intermediate\\.dense\\.weight");
    TextConfig base =
        isBert(tokenizer.get().resolve("config.json"))
            ? HuggingFaceFolder.sizes(tokenizer.get())
            : TextConfig.bertBase().toBuilder()
                .heads(Math.max(1, hidden / HEAD))
                .hiddenSize(hidden)
                .build();
    int heads = hidden % base.heads() == 0 ? base.heads() : 1;
    return base.toBuilder()
        .tokenizer(tokenizer.get().toString())
        .vocabSize(Math.toIntExact(words[0]))
        .hiddenSize(hidden)
        .heads(heads)
        .layers(Math.max(1, layers))
        .mlpSize(file.size(prefix + "encoder.layer.0.intermediate.dense.weight", 2, 0))
        .positions(Math.max(2 + base.positionOffset(), positions))
        .maxLength(Math.max(2, positions - base.positionOffset()))
        .tokenTypes(file.size(prefix + "embeddings.token_type_embeddings.weight", 2, 0))
        .dropout(0)
        .pooling(TextConfig.Pooling.CLS)
        .build();
  }
}
