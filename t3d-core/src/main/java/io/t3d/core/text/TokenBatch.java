package io.t3d.core.text;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import io.t3d.core.internal.Shapes;

/**
 * Tokenized reports. Closing the batch frees its arrays.
 *
 * @param tokenIds {@code (B, L)}, int64
 * @param attentionMask {@code (B, L)}, int64: 1 for a token, 0 for padding
 */
public record TokenBatch(NDArray tokenIds, NDArray attentionMask) implements AutoCloseable {
  /** Checks dtypes and shapes. */
  public TokenBatch {
    Shapes.check("tokenIds", tokenIds, "B, L", "tokenize with ReportTokenizer", -1, -1);
    Shapes.check(
        "attentionMask",
        attentionMask,
        "B, L",
        "it must be as large as tokenIds",
        tokenIds.getShape().get(0),
        tokenIds.getShape().get(1));
    if (tokenIds.getDataType() != DataType.INT64 || attentionMask.getDataType() != DataType.INT64) {
      throw new IllegalArgumentException(
          "tokenIds and attentionMask must be int64, got "
              + tokenIds.getDataType()
              + " and "
              + attentionMask.getDataType());
    }
  }

  /** B, the number of reports. */
  public int size() {
    return (int) tokenIds.getShape().get(0);
  }

  @Override
  public void close() {
    tokenIds.close();
    attentionMask.close();
  }
}
