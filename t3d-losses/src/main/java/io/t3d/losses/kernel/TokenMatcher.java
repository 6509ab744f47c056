package io.t3d.losses.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import io.t3d.core.model.TokenGrid;
import io.t3d.core.tensor.Scalars;
import io.t3d.core.volume.Affine;
import io.t3d.losses.internal.BatchArrays;

/**
 * Finds, for every visual token of one view, the token of another view of the same volume that lies
 * at the same place in the patient.
 *
 * <p>The two grids' affines compose into one map from token index to token index per pair, in
 * double precision on the host; the tokens themselves are handled by array operations alone. Flips,
 * resizing and offsets of the crops are all in the affines.
 */
public final class TokenMatcher {
  // Half a token off is common with crops at whole voxels. Nudging such ties up by far less than a
  // voxel, yet far more than float32's error, gives the same match on every device.
  static final float TIE_NUDGE = 1e-4f;

  private TokenMatcher() {}

  /**
   * Where the tokens of a view lie in another.
   *
   * @param index {@code (B, N)}, int64: the other view's token; some valid index where masked
   * @param mask {@code (B, N)}, float32: 1 where the other view has a token within half a token
   *     along each axis, else 0
   */
  public record Match(NDArray index, NDArray mask) {}

  /**
   * Matches each token of {@code from} to the nearest of {@code to}.
   *
   * @param batchArray gives device and manager
   * @param from grid of the view whose N tokens are looked up
   * @param to grid of the view that is looked into
   */
  public static Match match(NDArray batchArray, TokenGrid from, TokenGrid to) {
    int b = from.affines().size();
    if (to.affines().size() != b) {
      throw new IllegalArgumentException(
          "Both token grids must hold one affine per pair, got "
              + b
              + " and "
              + to.affines().size());
    }
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

  /**
   * Takes the matched rows.
   *
   * @param features {@code (B, M, K)} of the view that was looked into
   * @return {@code (B, N, K)}
   */
  public static NDArray gather(NDArray features, Match match) {
    long b = features.getShape().get(0);
    long m = features.getShape().get(1);
    // Whole rows are copied; gathering along an axis looks up every element.
    return features
        .reshape(b * m, -1)
        .get(new NDIndex("{}", rows(match, m)))
        .reshape(b, match.index().getShape().get(1), -1); // (B, N, K)
  }

  /**
   * The matches as rows of all tokens.
   *
   * @param tokens M, of a volume of the view that was looked into
   * @return {@code (B·N)}, int64: rows of {@code (B·M, …)}
   */
  public static NDArray rows(Match match, long tokens) {
    long b = match.index().getShape().get(0);
    NDArray first =
        match
            .index()
            .getManager()
            .arange(0, (float) (b * tokens), (float) tokens, DataType.INT64); // (B)
    return match
        .index()
        .add(first.toDevice(match.index().getDevice(), false).expandDims(1))
        .reshape(-1);
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
    return position.add(0.5f + TIE_NUDGE).floor().reshape(b, from.size(), 3); // (B, N, 3)
  }
}
