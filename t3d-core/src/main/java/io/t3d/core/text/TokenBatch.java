package io.t3d.core.text;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import io.t3d.core.internal.Shapes;
import java.util.Collections;
import java.util.List;

/**
 * Tokenized reports. Closing the batch frees its arrays.
 *
 * @param tokenIds {@code (W, L)}, int64: a row per report, or several where a long one is read in
 *     windows
 * @param attentionMask {@code (W, L)}, int64: 1 for a token, 0 for padding
 * @param windows how many rows each of the B reports has, in order; their sum is W
 */
public record TokenBatch(NDArray tokenIds, NDArray attentionMask, List<Integer> windows)
    implements AutoCloseable {
  /** Checks dtypes and shapes. */
  public TokenBatch {
    windows = List.copyOf(windows);
    Shapes.check("tokenIds", tokenIds, "W, L", "tokenize with ReportTokenizer", -1, -1);
    Shapes.check(
        "attentionMask",
        attentionMask,
        "W, L",
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
    int rows = windows.stream().mapToInt(Integer::intValue).sum();
    if (rows != tokenIds.getShape().get(0) || windows.stream().anyMatch(w -> w < 1)) {
      throw new IllegalArgumentException(
          "windows must be numbers > 0 whose sum is the rows of tokenIds, "
              + tokenIds.getShape().get(0)
              + ", got "
              + windows);
    }
  }

  /** A batch of one row per report. */
  public TokenBatch(NDArray tokenIds, NDArray attentionMask) {
    this(
        tokenIds,
        attentionMask,
        Collections.nCopies((int) tokenIds.getShape().get(0), 1)); // other shapes are refused above
  }

  /** Whether some report has several rows. */
  public boolean hasWindows() {
    return windows.size() < tokenIds.getShape().get(0);
  }

  /** B, the number of reports. */
  public int size() {
    return windows.size();
  }

  @Override
  public void close() {
    tokenIds.close();
    attentionMask.close();
  }
}
