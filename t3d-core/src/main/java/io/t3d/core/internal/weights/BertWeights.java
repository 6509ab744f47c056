package io.t3d.core.internal.weights;

import ai.djl.ndarray.NDArray;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * From the names of published BERT and RoBERTa weights to those of {@code TransformerTextEncoder}.
 *
 * <p>Takes off the prefix ({@code bert.}, {@code roberta.}, {@code module.} …), renames the norms'
 * {@code gamma} and {@code beta} of the years before 2019, and leaves out what an encoder of tokens
 * does not have: the pooler, heads, and buffers of positions.
 */
public final class BertWeights {
  private static final String ANCHOR = "embeddings.word_embeddings.weight";
  private static final List<String> NOT_ENCODER =
      List.of(
          "pooler.",
          "cls.",
          "cls_projection_head.",
          "lm_head.",
          "classifier.",
          "qa_outputs.",
          "embeddings.position_ids",
          "embeddings.token_type_ids");

  private BertWeights() {}

  /**
   * Renames.
   *
   * @param tensors under the names of a HuggingFace model of the BERT or RoBERTa family
   * @param source what to call the weights in an error
   * @return under the encoder's names; whether they are all there is for the loading to check
   * @throws IOException when there is no word embedding, or more than one
   */
  public static Map<String, NDArray> toEncoder(Map<String, NDArray> tensors, String source)
      throws IOException {
    String prefix =
        Prefixes.of(tensors.keySet(), ANCHOR, source, "text encoder of the BERT family");
    Map<String, NDArray> out = new LinkedHashMap<>();
    tensors.forEach(
        (name, array) -> {
          String own = name.startsWith(prefix) ? name.substring(prefix.length()) : "";
          if (!own.isEmpty() && NOT_ENCODER.stream().noneMatch(own::startsWith)) {
            out.put(modern(own), array);
          }
        });
    return out;
  }

  private static String modern(String name) {
    return name.replaceFirst("LayerNorm\\.gamma$", "LayerNorm.weight")
        .replaceFirst("LayerNorm\\.beta$", "LayerNorm.bias");
  }
}
