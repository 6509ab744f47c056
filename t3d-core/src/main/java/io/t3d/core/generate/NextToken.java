package io.t3d.core.generate;

/**
 * A language model that predicts the next token of several texts at once. It remembers the rows of
 * the last call.
 */
public interface NextToken {
  /**
   * Writes one more token into each row.
   *
   * @param sources row i goes on from row {@code sources[i]} of the last call; in the first call,
   *     from the empty text of report {@code sources[i]}
   * @param tokens the token that row i writes; in the first call {@link #beginId()}
   * @return {@code [row][token]}: natural log of the probability that the token follows; negative
   *     infinity for tokens that never may
   */
  double[][] next(int[] sources, int[] tokens);

  /** The token that stands before every text. */
  int beginId();

  /** The token that ends a text. */
  int endId();
}
