package io.t3d.losses.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import io.t3d.core.model.TokenGrid;
import io.t3d.core.volume.Affine;
import io.t3d.losses.internal.BatchArrays;

/** The smallest of the distances of all tokens to all, in steps of the view that is looked into. */
record PlainMatcher() implements TokenMatcher {
  @Override
  public Match match(NDArray batchArray, TokenGrid from, TokenGrid to) {
    AffineMatcher.check(from, to);
    NDArray p = inTokensOf(batchArray, from, to); // (B, N, 3)
    NDArray q = positions(batchArray, to); // (M, 3)
    NDArray squares = p.square().sum(new int[] {2}, true).add(q.square().sum(new int[] {1}));
    NDArray products = p.matMul(q.transpose()); // (B, N, 3) · (3, M) -> (B, N, M)
    NDArray index = squares.sub(products.add(products)).argMin(2); // (B, N)
    int b = from.affines().size();
    NDArray found = new Match(index, index).gather(q.expandDims(0).repeat(0, b)); // (B, N, 3)
    NDArray inside = p.sub(found).abs().lte(0.5f).toType(DataType.FLOAT32, false); // (B, N, 3)
    return new Match(index, inside.prod(new int[] {2})); // (B, N)
  }

  /** Positions of {@code from}'s tokens as token indices (x, y, z) of {@code to}. */
  private static NDArray inTokensOf(NDArray batchArray, TokenGrid from, TokenGrid to) {
    NDList parts = new NDList();
    for (int i = 0; i < from.affines().size(); i++) {
      Affine map = to.affines().get(i).inverse().compose(from.affines().get(i));
      float[] linear = new float[9]; // transposed
      float[] offset = new float[3];
      for (int row = 0; row < 3; row++) {
        for (int column = 0; column < 3; column++) {
          linear[3 * column + row] = (float) map.get(row, column);
        }
        offset[row] = (float) map.get(row, 3) + AffineMatcher.TIE_NUDGE;
      }
      parts.add(
          positions(batchArray, from) // (N, 3)
              .matMul(BatchArrays.of(batchArray, linear, 3, 3)) // (N, 3)
              .add(BatchArrays.of(batchArray, offset, 3)));
    }
    return NDArrays.stack(parts); // (B, N, 3)
  }

  private static NDArray positions(NDArray batchArray, TokenGrid grid) {
    float[] xyz = new float[3 * grid.size()];
    for (int i = 0; i < grid.size(); i++) {
      xyz[3 * i] = i % grid.width();
      xyz[3 * i + 1] = i / grid.width() % grid.height();
      int z = i / (grid.width() * grid.height());
      xyz[3 * i + 2] = z;
    }
    return BatchArrays.of(batchArray, xyz, grid.size(), 3);
  }
}
