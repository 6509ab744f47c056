package io.t3d.core.task.retrieve;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import java.util.function.BinaryOperator;
import java.util.function.Function;

/**
 * Ranks of correct targets, for a block of Q queries at a time against blocks of T targets, so that
 * the whole matrix of similarities never exists. Two passes: the best correct target of each query,
 * then how many wrong ones reach it.
 */
final class RetrievalRanks {
  // Below any cosine by far: what a wrong target's similarity is lowered by in the first pass.
  private static final float LOW = 1e30f;

  private final NDManager scope; // of this block of queries
  private final NDArray queries; // (E, Q)
  private final int firstQuery;
  private final int endQuery;
  private final NDArray targets; // (N, E)
  private final Partners partners;
  private final int block;

  /** Similarities of some targets to the queries, {@code (T, Q)}, and which pairs are correct. */
  private record Block(NDArray similarity, NDArray correct) {}

  /**
   * The rank of each query's first correct target, from 1.
   *
   * @param queries {@code (N, E)}, float32
   * @param targets {@code (N, E)}, float32
   * @param partners which of the N targets are correct for which of the N queries
   * @param block rows per block
   */
  static int[] of(NDArray queries, NDArray targets, Partners partners, int block) {
    int[] ranks = new int[partners.size()];
    for (int from = 0; from < ranks.length; from += block) {
      int to = Math.min(ranks.length, from + block);
      try (NDManager scope = queries.getManager().newSubManager()) {
        float[] wrong =
            new RetrievalRanks(scope, queries, targets, partners, block, from, to).wrongAbove();
        for (int i = from; i < to; i++) {
          ranks[i] = (int) wrong[i - from] + 1;
        }
      }
    }
    return ranks;
  }

  private RetrievalRanks(
      NDManager scope,
      NDArray queries,
      NDArray targets,
      Partners partners,
      int block,
      int from,
      int to) {
    this.scope = scope;
    this.targets = targets;
    this.partners = partners;
    this.block = block;
    this.queries = rows(scope, queries, from, to).transpose(); // (E, Q)
    this.firstQuery = from;
    this.endQuery = to;
  }

  private float[] wrongAbove() {
    NDArray best =
        reduce(
            -LOW,
            b -> {
              NDArray penalty = b.correct().sub(1).mul(LOW); // 0 where correct; (T, Q)
              return b.similarity().add(penalty).max(new int[] {0}); // (Q)
            },
            NDArray::maximum);
    // Counts are exact in float32 up to 2^24 targets.
    NDArray wrong =
        reduce(
            0,
            b -> {
              NDArray reaches = b.similarity().gte(best).toType(DataType.FLOAT32, false); // (T, Q)
              return reaches.mul(b.correct().neg().add(1)).sum(new int[] {0}); // (Q)
            },
            NDArray::add);
    return wrong.toFloatArray();
  }

  /** Goes over all targets, block by block; {@code (Q)}. */
  private NDArray reduce(
      float start, Function<Block, NDArray> ofBlock, BinaryOperator<NDArray> combine) {
    Shape shape = new Shape(endQuery - firstQuery);
    NDArray result = scope.zeros(shape, DataType.FLOAT32, targets.getDevice()).add(start);
    for (int from = 0; from < partners.size(); from += block) {
      int to = Math.min(partners.size(), from + block);
      try (NDManager inner = scope.newSubManager()) {
        NDArray correct =
            partners.block(inner, targets.getDevice(), from, to, firstQuery, endQuery); // (T, Q)
        NDArray similarity = rows(inner, targets, from, to).matMul(queries); // (T, Q)
        Block b = new Block(similarity, correct);
        result = combine.apply(ofBlock.apply(b), result);
        result.attach(scope);
      }
    }
    return result;
  }

  private static NDArray rows(NDManager owner, NDArray array, int from, int to) {
    NDArray rows = array.get(new NDIndex("{}:{}", from, to));
    rows.attach(owner);
    return rows;
  }
}
