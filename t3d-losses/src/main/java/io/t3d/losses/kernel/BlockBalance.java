package io.t3d.losses.kernel;

import org.bytedeco.javacpp.PointerScope;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;

/**
 * Scales the columns, then the rows of a positive matrix P by turns, without touching it in
 * between.
 *
 * <pre>{@code
 * v = N/K / (Pᵀ·u),  u = 1 / (P·v),  …,  result = diag(u) · P · diag(v)
 * }</pre>
 *
 * <p>Only the two vectors change: one pass over P per iteration, in blocks of rows that stay in the
 * processor's cache for both products. Temporaries belong to the caller's PointerScope.
 */
final class BlockBalance {
  /** Elements of a block: 1 MiB of float32. */
  private static final long BLOCK = 1L << 18;

  private final Tensor p;
  private final Tensor sums;
  private final long rows;

  /** Writes rows of P into a block; {@code from} is its first row. */
  @FunctionalInterface
  interface Source {
    void fill(Tensor block, long from);
  }

  /**
   * Starts with a matrix whose rows {@link #fill} writes.
   *
   * @param p {@code (N, K)}
   */
  BlockBalance(Tensor p) {
    this.p = p;
    sums = p.new_zeros(p.size(1)); // (K)
    rows = rows(p.size(1), p.is_cuda());
  }

  /** How many rows of so many float32 the cache holds; on a GPU there is no need to cut. */
  static long rows(long columns, boolean gpu) {
    return gpu ? Integer.MAX_VALUE : Math.max(1, BLOCK / columns);
  }

  /** Fills rows {@code [from, to)} and, while a block is in the cache, sums its columns. */
  void fill(long from, long to, Source source) {
    for (long start = from; start < to; start += rows) {
      try (PointerScope scope = new PointerScope()) {
        Tensor block = p.narrow(0, start, Math.min(rows, to - start));
        source.fill(block, start);
        sums.add_(block.sum(0L));
      }
    }
  }

  /** Balances in place, when all rows are filled. */
  void balance(int iterations) {
    Tensor v = columnScale(); // the first time u = 1: the sums are there
    for (int i = 1; i < iterations; i++) {
      sums.zero_();
      for (long from = 0; from < p.size(0); from += rows) {
        try (PointerScope scope = new PointerScope()) {
          Tensor block = block(from);
          sums.addmv_(block.t(), block.mv(v).reciprocal_());
        }
      }
      v = columnScale();
    }
    for (long from = 0; from < p.size(0); from += rows) {
      try (PointerScope scope = new PointerScope()) {
        Tensor block = block(from);
        Tensor u = block.mv(v).reciprocal_(); // (rows)
        block.mul_(v).mul_(u.unsqueeze(1));
      }
    }
  }

  private Tensor columnScale() {
    Scalar share = new Scalar((double) p.size(0) / p.size(1));
    return sums.reciprocal().mul_(share); // (K)
  }

  private Tensor block(long from) {
    return p.narrow(0, from, Math.min(rows, p.size(0) - from));
  }
}
