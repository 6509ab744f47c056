package io.t3d.losses.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import io.t3d.core.model.TokenGrid;

/**
 * Finds, for every visual token of one view, the token of another view of the same volume that lies
 * at the same place in the patient. Flips, resizing and offsets of the crops are all in the grids'
 * affines.
 *
 * <p>Two forms find the same: {@link #plain}, the reference, takes the smallest of the distances of
 * all tokens to all; {@link #best} composes the two grids' affines and rounds.
 */
public sealed interface TokenMatcher permits PlainMatcher, AffineMatcher {
  /**
   * Where the tokens of a view lie in another.
   *
   * @param index {@code (B, N)}, int64: the other view's token; some valid index where masked
   * @param mask {@code (B, N)}, float32: 1 where the other view has a token within half a token
   *     along each axis, else 0
   */
  record Match(NDArray index, NDArray mask) {
    /**
     * Takes the matched rows.
     *
     * @param features {@code (B, M, K)} of the view that was looked into
     * @return {@code (B, N, K)}
     */
    public NDArray gather(NDArray features) {
      long b = features.getShape().get(0);
      long m = features.getShape().get(1);
      // Whole rows are copied; gathering along an axis looks up every element.
      return features
          .reshape(b * m, -1) // (B·M, K)
          .get(new NDIndex("{}", rows(m))) // (B·N, K)
          .reshape(b, index.getShape().get(1), -1); // (B, N, K)
    }

    /**
     * The matches as rows of all tokens.
     *
     * @param tokens M, of a volume of the view that was looked into
     * @return {@code (B·N)}, int64: rows of {@code (B·M, …)}
     */
    public NDArray rows(long tokens) {
      long b = index.getShape().get(0);
      NDArray first =
          index.getManager().arange(0, (float) (b * tokens), (float) tokens, DataType.INT64); // (B)
      return index
          .add(first.toDevice(index.getDevice(), false).expandDims(1)) // (B, N)
          .reshape(-1); // (B·N)
    }
  }

  /**
   * Matches each token of {@code from} to the nearest of {@code to}.
   *
   * @param batchArray gives device and manager
   * @param from grid of the view whose N tokens are looked up
   * @param to grid of the view that is looked into
   * @throws IllegalArgumentException when the grids are of batches of different sizes
   */
  Match match(NDArray batchArray, TokenGrid from, TokenGrid to);

  /** The reference: distances of all tokens to all, {@code (B, N, M)} numbers. */
  static TokenMatcher plain() {
    return new PlainMatcher();
  }

  /** By composed affines: {@code (B, N)} numbers, on every platform. */
  static TokenMatcher best() {
    return new AffineMatcher();
  }
}
