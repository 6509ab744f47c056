package io.t3d.losses.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.types.DataType;
import io.t3d.core.model.TokenGrid;
import io.t3d.core.tensor.Scalars;
import io.t3d.core.volume.Affine;
import io.t3d.losses.internal.BatchArrays;

/**
 * The two grids' affines compose into one map from token index to token index per pair, in double
 * precision on the host; the tokens themselves are handled by array operations alone.
 */
record AffineMatcher() implements TokenMatcher {
  // Half a token off is common with crops at whole voxels. Nudging such ties up by far less than a
  // voxel, yet far more than float32's error, gives the same match on every device.
  static final float TIE_NUDGE = 1e-4f;

  static void check(TokenGrid from, TokenGrid to) {
    if (to.affines().size() != from.affines().size()) {
      throw new IllegalArgumentException(
          "Both token grids must hold one affine per pair, got "
              + from.affines().size()
              + " and "
              + to.affines().size());
    }
  }

  @Override
  public Match match(NDArray batchArray, TokenGrid from, TokenGrid to) {
    check(from, to);
    NDArray position = positions(batchArray, from, to); // (B, N, 3)
    NDArray size = BatchArrays.of(batchArray, new float[] {to.width(), to.height(), to.depth()}, 3);
    NDArray inside = position.gte(0).logicalAnd(position.lt(size)); // (B, N, 3)
    NDArray axesInside = inside.toType(DataType.FLOAT32, false).sum(new int[] {2}); // (B, N)
    NDArray mask = axesInside.eq(3).toType(DataType.FLOAT32, false); // (B, N)
    NDArray clipped = Scalars.atLeast(position, 0).minimum(size.sub(1)); // (B, N, 3)
    NDArray strides =
        BatchArrays.of(batchArray, new float[] {1, to.width(), to.width() * to.height()}, 3);
    NDArray index = clipped.mul(strides).sum(new int[] {2}); // (B, N)
    return new Match(index.toType(DataType.INT64, false), mask);
  }

  /** The nearest token index (x, y, z) in {@code to} of each token of {@code from}, unclipped. */
  private static NDArray positions(NDArray batchArray, TokenGrid from, TokenGrid to) {
    int b = from.affines().size();
    float[] columns = new float[4 * b * 3];
    for (int i = 0; i < b; i++) {
      Affine map = to.affines().get(i).inverse().compose(from.affines().get(i));
      for (int column = 0; column < 4; column++) {
        for (int row = 0; row < 3; row++) {
          columns[(column * b + i) * 3 + row] = (float) map.get(row, column);
        }
      }
    }
    NDArray c = BatchArrays.of(batchArray, columns, 4, b, 1, 1, 1, 3);
    NDArray x = BatchArrays.range(batchArray, from.width()).reshape(1, 1, 1, -1, 1);
    NDArray y = BatchArrays.range(batchArray, from.height()).reshape(1, 1, -1, 1, 1);
    NDArray z = BatchArrays.range(batchArray, from.depth()).reshape(1, -1, 1, 1, 1);
    NDArray position =
        z.mul(c.get(2)).add(y.mul(c.get(1))).add(x.mul(c.get(0))).add(c.get(3)); // (B, D, H, W, 3)
    return Scalars.add(position, 0.5f + TIE_NUDGE).floor().reshape(b, from.size(), 3); // (B, N, 3)
  }
}
