package io.t3d.core.model;

import ai.djl.ndarray.NDArray;
import io.t3d.core.internal.Shapes;
import io.t3d.core.volume.View;

/**
 * Features of one view of every pair in the batch.
 *
 * @param kind size class of the views
 * @param embedding {@code (B, E)}, float32, L2-normalised: the pooled visual embedding v
 * @param tokens {@code (B, N, E)}: projected tokens p, not normalised
 * @param grid where the N tokens lie in the world
 */
public record ViewFeatures(View.Kind kind, NDArray embedding, NDArray tokens, TokenGrid grid) {
  /**
   * Checks that the grid is the tokens'.
   *
   * @throws IllegalArgumentException when it does not hold one affine per pair
   */
  public ViewFeatures {
    long b = tokens.getShape().get(0);
    if (grid.affines().size() != b) {
      throw new IllegalArgumentException(
          "grid must hold one affine per pair, B = "
              + b
              + " by tokens "
              + Shapes.format(tokens.getShape())
              + ", got "
              + grid.affines().size()
              + "; give TokenGrid the affine of each pair's view");
    }
  }
}
