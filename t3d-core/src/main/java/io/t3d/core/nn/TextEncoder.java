package io.t3d.core.nn;

import ai.djl.ndarray.NDArray;
import ai.djl.training.ParameterStore;
import io.t3d.core.text.TokenBatch;

/**
 * Encodes token ids of reports as features: {@code TransformerTextEncoder}, or your own class,
 * passed to {@code T3DModel.builder().text(encoder)}.
 *
 * <p>A class of one's own extends {@link TypedBlock} or {@code AbstractBlock}, so that its
 * parameters can be found, and is initialised with two shapes, {@code (1, 1)} ids and {@code (1,
 * 1)} mask, unless it has its weights already. No weight may depend on these sizes. The rules for
 * memory and gradients are those of {@link VisionEncoder}.
 */
public interface TextEncoder extends Encoder {
  /** Ids that it knows, {@code 0 … vocabSize - 1}; the tokenizer must have no more. */
  int vocabSize();

  /**
   * Encodes reports.
   *
   * @param parameters where the weights come from
   * @param reports {@code (B, L)}, int64; each row is a text, be it a window of a long report
   * @param training whether dropout is on
   * @return features, owned by the manager of the token ids
   * @throws IllegalArgumentException when the reports are longer than the encoder can read
   */
  TextFeatures encode(ParameterStore parameters, TokenBatch reports, boolean training);

  /**
   * Features of B reports.
   *
   * @param tokens {@code (B, L, C)}, float32 or, under autocast, bfloat16; those at padding mean
   *     nothing
   * @param pooled {@code (B, C)}: what becomes the report's embedding
   */
  record TextFeatures(NDArray tokens, NDArray pooled) {}
}
