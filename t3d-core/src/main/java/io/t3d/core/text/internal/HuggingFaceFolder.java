package io.t3d.core.text.internal;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.t3d.core.config.TextConfig;
import io.t3d.core.internal.PointerFiles;
import io.t3d.core.text.ReportTokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The {@code config.json} of a HuggingFace folder of the BERT, CXR-BERT or RoBERTa family. */
public final class HuggingFaceFolder {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String CONFIG = "config.json";

  /** Why the encoder does not fit families that reports are read with. */
  private static final Map<String, String> OTHERS =
      Map.ofEntries(
          Map.entry(
              "longformer",
              "its attention looks at windows of the text (Clinical-Longformer, Longformer)"),
          Map.entry(
              "big_bird", "its attention looks at blocks of the text (Clinical-BigBird, BigBird)"),
          Map.entry("distilbert", "it has no token types, and other names (DistilBERT)"),
          Map.entry("electra", "its embedding may be narrower than its layers (ELECTRA)"),
          Map.entry("albert", "its layers share weights (ALBERT)"),
          Map.entry("deberta", "its attention looks at distances (DeBERTa)"),
          Map.entry("deberta-v2", "its attention looks at distances (DeBERTa)"),
          Map.entry("mpnet", "its attention looks at distances (MPNet)"),
          Map.entry("modernbert", "it turns positions and has other layers (ModernBERT)"),
          Map.entry("xlm-roberta", "its tokenizer is SentencePiece (XLM-RoBERTa)"),
          Map.entry("camembert", "its tokenizer is SentencePiece (CamemBERT)"),
          Map.entry("clip", "its text encoder reads from left to right (CLIP)"),
          Map.entry("gpt2", "it reads from left to right (GPT-2)"),
          Map.entry("llama", "it reads from left to right (Llama)"),
          Map.entry("t5", "its attention looks at distances (T5)"));

  private HuggingFaceFolder() {}

  /**
   * The text encoder that a folder describes.
   *
   * @param folder holds {@code config.json} and a tokenizer
   * @return its sizes, the folder as tokenizer, pooling by the first token
   * @throws IOException when the file is missing, not of these families, or asks for what {@code
   *     TransformerTextEncoder} does not have
   */
  public static TextConfig sizes(Path folder) throws IOException {
    Path file = folder.resolve(CONFIG);
    if (!Files.isRegularFile(file)) {
      throw new NoSuchFileException(
          file.toString(), null, "a HuggingFace folder holds config.json, a tokenizer and weights");
    }
    JsonNode config = read(file);
    boolean roberta = isRoberta(file, config);
    refuseDecoder(file, config);
    require(file, config, "hidden_act", "gelu");
    require(file, config, "position_embedding_type", "absolute");
    int offset = roberta ? config.path("pad_token_id").asInt(1) + 1 : 0;
    int positions = integer(file, config, "max_position_embeddings");
    return TextConfig.builder()
        .tokenizer(folder.toString())
        .vocabSize(integer(file, config, "vocab_size"))
        .hiddenSize(integer(file, config, "hidden_size"))
        .layers(integer(file, config, "num_hidden_layers"))
        .heads(integer(file, config, "num_attention_heads"))
        .mlpSize(integer(file, config, "intermediate_size"))
        .maxLength(positions - offset)
        .positions(positions)
        .positionOffset(offset)
        .tokenTypes(config.path("type_vocab_size").asInt(2))
        .dropout(config.path("hidden_dropout_prob").asDouble(0.1))
        .layerNormEps(config.path("layer_norm_eps").asDouble(1e-12))
        .pooling(TextConfig.Pooling.CLS)
        .build();
  }

  private static JsonNode read(Path file) throws IOException {
    try {
      return JSON.readTree(PointerFiles.readText(file));
    } catch (JsonProcessingException e) {
      throw new IOException(file + " is not valid JSON: " + e.getOriginalMessage(), e);
    }
  }

  /** By {@code model_type}, which the oldest folders lack, else by {@code architectures}. */
  private static boolean isRoberta(Path file, JsonNode config) throws IOException {
    String type = config.path("model_type").asText("");
    String architecture = config.path("architectures").path(0).asText("");
    if (type.isEmpty() && architecture.startsWith("Roberta")) {
      return true;
    }
    boolean bert = architecture.startsWith("Bert") || architecture.startsWith("CXRBert");
    if (type.isEmpty() && bert) {
      return false;
    }
    if (type.equals("bert") || type.equals("cxr-bert") || type.equals("roberta")) {
      return type.equals("roberta");
    }
    throw new IOException(
        file
            + ": model_type must be bert, cxr-bert or roberta, got "
            + (type.isEmpty() ? "none" : type)
            + (type.isEmpty() && !architecture.isEmpty() ? " of a " + architecture : "")
            + "; "
            + OTHERS.getOrDefault(type, "other families have other layers"));
  }

  private static void refuseDecoder(Path file, JsonNode config) throws IOException {
    for (String key : List.of("is_decoder", "add_cross_attention", "is_encoder_decoder")) {
      if (config.path(key).asBoolean(false)) {
        throw new IOException(
            file + ": " + key + " is true, but a text encoder reads both ways and a text alone");
      }
    }
  }

  private static void require(Path file, JsonNode config, String key, String value)
      throws IOException {
    String got = config.path(key).asText(value);
    if (!got.equals(value)) {
      throw new IOException(
          file + ": " + key + " must be " + value + ", got " + got + ", which is not supported");
    }
  }

  private static int integer(Path file, JsonNode config, String key) throws IOException {
    if (!config.path(key).canConvertToInt()) {
      throw new IOException(file + " misses the whole number " + key);
    }
    return config.get(key).intValue();
  }

  /**
   * The {@code tokenizer_config.json} with which {@code transformers.AutoTokenizer} takes a {@code
   * tokenizer.json} as it is; without one it lower-cases a BERT's texts, whatever that file says.
   *
   * @param tokenizer whose {@code tokenizer.json} lies beside it
   */
  public static String describe(ReportTokenizer tokenizer) {
    ObjectNode root =
        JSON.createObjectNode()
            .put("tokenizer_class", "PreTrainedTokenizerFast")
            .put("model_max_length", tokenizer.maxLength());
    tokenizer.token(tokenizer.padId()).ifPresent(t -> root.put("pad_token", t));
    tokenizer.token(tokenizer.beginId()).ifPresent(t -> root.put("cls_token", t));
    tokenizer.token(tokenizer.endId()).ifPresent(t -> root.put("sep_token", t));
    if (tokenizer.addsPrefixSpace()) {
      root.put("add_prefix_space", true); // transformers sets it to false where nothing says it
    }
    if (tokenizer.usualCut() == TextConfig.LongReports.TAIL) {
      root.put("truncation_side", "left");
    }
    return root.toPrettyString() + "\n";
  }

  /**
   * The {@code config.json} with which {@code transformers.AutoModel} builds an encoder.
   *
   * @param config of the encoder
   * @return JSON of a {@code bert}, or with a position offset of a {@code roberta}
   */
  public static String describe(TextConfig config) {
    boolean roberta = config.positionOffset() > 0;
    String type = roberta ? "roberta" : "bert";
    ObjectNode root = JSON.createObjectNode().put("model_type", type);
    root.putArray("architectures")
        .add(type.substring(0, 1).toUpperCase(Locale.ROOT) + type.substring(1) + "Model");
    root.put("vocab_size", config.vocabSize())
        .put("hidden_size", config.hiddenSize())
        .put("num_hidden_layers", config.layers())
        .put("num_attention_heads", config.heads())
        .put("intermediate_size", config.mlpSize())
        .put("max_position_embeddings", config.positions())
        .put("type_vocab_size", config.tokenTypes())
        .put("hidden_act", "gelu")
        .put("layer_norm_eps", config.layerNormEps())
        .put("hidden_dropout_prob", config.dropout())
        .put("attention_probs_dropout_prob", config.dropout())
        .put("pad_token_id", Math.max(0, config.positionOffset() - 1));
    return root.toPrettyString() + "\n";
  }
}
