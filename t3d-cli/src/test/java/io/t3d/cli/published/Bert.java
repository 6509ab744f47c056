package io.t3d.cli.published;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** The tokenizer of the small fVLM of {@code fvlm_goldens.py}. */
final class Bert {
  private static final String WORDS =
      "[PAD] [UNK] [CLS] [SEP] [MASK] not emphysema nodule opacity pleural effusion card ##iom"
          + " ##egaly hiatal hernia arterial wall calc .";

  private Bert() {}

  /** Writes a HuggingFace folder. */
  static Path write(Path folder) throws IOException {
    Files.createDirectories(folder);
    Files.writeString(folder.resolve("vocab.txt"), WORDS.replace(' ', '\n'));
    Files.writeString(
        folder.resolve("config.json"),
        "{\"model_type\": \"bert\", \"hidden_size\": 24, \"num_attention_heads\": 3,"
            + " \"num_hidden_layers\": 2, \"intermediate_size\": 32, \"vocab_size\": 20,"
            + " \"max_position_embeddings\": 16, \"type_vocab_size\": 2, \"hidden_act\": \"gelu\","
            + " \"layer_norm_eps\": 1e-12, \"hidden_dropout_prob\": 0.1}");
    return folder;
  }
}
