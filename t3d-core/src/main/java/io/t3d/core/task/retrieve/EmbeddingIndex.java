package io.t3d.core.task.retrieve;

/**
 * A gallery of embeddings that can be searched. {@link ExactIndex} compares with all of them;
 * {@link HnswIndex} follows a graph, for galleries above some 100,000, and may miss a few.
 */
public interface EmbeddingIndex extends AutoCloseable {
  /** N, the size of the gallery. */
  int size();

  /**
   * Finds the nearest by cosine.
   *
   * @param queries {@code [Q][E]}, of any length &gt; 0
   * @param k how many of each; at most N are found
   * @throws IllegalArgumentException when E differs, a number is not finite, a query is zero or k
   *     &lt; 1
   */
  Neighbours search(float[][] queries, int k);

  /** Frees what the index holds; not the gallery's own arrays. */
  @Override
  void close();
}
