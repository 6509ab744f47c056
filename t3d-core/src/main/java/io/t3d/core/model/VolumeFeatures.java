package io.t3d.core.model;

import ai.djl.ndarray.NDArray;

/**
 * Embeddings and visual tokens of volumes, projected into the space shared with texts. Closing
 * frees the arrays.
 *
 * @param embeddings {@code (B, E)}, float32, L2-normalised
 * @param tokens {@code (B, N, E)}, float32: projected tokens p, not normalised
 * @param depth tokens along z
 * @param height tokens along y
 * @param width tokens along x; {@code N = depth · height · width} in (z, y, x) order
 */
public record VolumeFeatures(NDArray embeddings, NDArray tokens, int depth, int height, int width)
    implements AutoCloseable {
  @Override
  public void close() {
    embeddings.close();
    tokens.close();
  }
}
