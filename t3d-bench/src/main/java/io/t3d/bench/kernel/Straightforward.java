package io.t3d.bench.kernel;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.t3d.core.model.TokenGrid;
import io.t3d.core.volume.Affine;
import java.util.List;

/** What the clustering of TMA is when written down as it is thought; {@code clustering.py} too. */
final class Straightforward {
  static final float EPSILON = 0.05f;
  static final float TEMPERATURE = 0.1f;
  static final int ITERATIONS = 3;

  private Straightforward() {}

  /** The other view's nearest token, and 1 where it is within half a token. */
  record Nearest(NDArray index, NDArray mask) {}

  /** Caron et al. 2020, listing 1: columns first, then rows. */
  static NDArray sinkhorn(NDArray similarities) {
    int[] down = {0};
    int[] along = {1};
    NDArray q = similarities.div(EPSILON).exp(); // (N, K)
    for (int i = 0; i < ITERATIONS; i++) {
      q = q.div(q.sum(down, true)); // (N, K)
      q = q.div(q.sum(along, true)); // (N, K)
    }
    return q;
  }

  /** Distances of all tokens to all tokens, then the smallest. */
  static Nearest nearest(NDArray batchArray, TokenGrid from, TokenGrid to) {
    NDArray p = inTokensOf(batchArray, from, to); // (B, N, 3)
    NDArray q = positions(batchArray, to); // (M, 3)
    NDArray squares = p.square().sum(new int[] {2}, true).add(q.square().sum(new int[] {1}));
    NDArray distances = squares.sub(p.matMul(q.transpose()).mul(2)); // (B, N, M)
    NDArray index = distances.argMin(2); // (B, N)
    NDArray found = gather(q.expandDims(0).repeat(0, index.getShape().get(0)), index);
    NDArray inside = p.sub(found).abs().lte(0.5f).toType(DataType.FLOAT32, false);
    return new Nearest(index, inside.prod(new int[] {2}));
  }

  /** {@code (B, M, K)} at {@code (B, N)}. */
  static NDArray gather(NDArray values, NDArray index) {
    Shape s = index.getShape();
    return values.gather(
        index.expandDims(2).broadcast(s.get(0), s.get(1), values.getShape().get(2)), 1);
  }

  /**
   * Cross-entropy of matched tokens between two views, both ways: the token level of swapped
   * prediction.
   */
  static NDArray tokenLevel(List<NDArray> visual, NDArray prototypes, List<TokenGrid> grids) {
    Shape s = visual.get(0).getShape(); // (B, N, E)
    NDArray c = prototypes.transpose(); // (E, K)
    NDList similarities = new NDList();
    visual.forEach(x -> similarities.add(x.reshape(-1, s.get(2)).normalize(2, 1).matMul(c)));
    NDArray q = sinkhorn(NDArrays.concat(similarities, 0).stopGradient());
    q = q.reshape(2, s.get(0), s.get(1), -1); // (2, B, N, K)
    NDArray loss = null;
    NDArray matched = null;
    for (int b = 0; b < 2; b++) {
      Nearest nearest = nearest(visual.get(b), grids.get(b), grids.get(1 - b));
      NDArray temperature = visual.get(b).getManager().create(TEMPERATURE);
      NDArray logits = visual.get(b).normalize(2, 2).matMul(c).div(temperature); // (B, N, K)
      NDArray target = gather(q.get(1 - b), nearest.index());
      NDArray terms = target.mul(logits.logSoftmax(2)).sum(new int[] {2}).mul(nearest.mask());
      loss = loss == null ? terms.sum() : loss.add(terms.sum());
      matched = matched == null ? nearest.mask().sum() : matched.add(nearest.mask().sum());
    }
    return loss.neg().div(matched);
  }

  /** The likeness-weighted mean of each volume's tokens for each sentence, as a direction. */
  static NDArray gatherTokens(NDArray tokens, NDArray queries) {
    Shape s = tokens.getShape(); // (B, N, E)
    NDArray temperature = tokens.getManager().create(TEMPERATURE);
    NDArray each = queries.expandDims(0).broadcast(s.get(0), queries.getShape().get(0), s.get(2));
    NDArray cosines = each.matMul(tokens.normalize(2, 2).transpose(0, 2, 1)); // (B, T, N)
    return cosines.div(temperature).softmax(2).matMul(tokens).normalize(2, 2); // (B, T, E)
  }

  private static NDArray inTokensOf(NDArray batchArray, TokenGrid from, TokenGrid to) {
    int pairs = from.affines().size();
    NDList parts = new NDList();
    for (int i = 0; i < pairs; i++) {
      Affine map = to.affines().get(i).inverse().compose(from.affines().get(i));
      float[] rows = new float[12];
      for (int k = 0; k < 12; k++) {
        rows[k] = (float) map.get(k / 4, k % 4);
      }
      NDArray matrix = batchArray.getManager().create(rows, new Shape(3, 4));
      NDArray linear = matrix.get(":, 0:3").transpose(); // (3, 3)
      parts.add(positions(batchArray, from).matMul(linear).add(matrix.get(":, 3")));
    }
    return NDArrays.stack(parts); // (B, N, 3)
  }

  private static NDArray positions(NDArray batchArray, TokenGrid grid) {
    float[] xyz = new float[3 * grid.size()];
    for (int i = 0; i < grid.size(); i++) {
      xyz[3 * i] = i % grid.width();
      xyz[3 * i + 1] = i / grid.width() % grid.height();
      int plane = i / (grid.width() * grid.height());
      xyz[3 * i + 2] = plane;
    }
    return batchArray.getManager().create(xyz, new Shape(grid.size(), 3));
  }
}
