package io.t3d.core.task.retrieve;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDArrays;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import io.t3d.core.internal.Shapes;
import java.util.Arrays;

/**
 * An exact index: compares queries with the whole gallery, block by block, in memory for {@code 256
 * · 8192} floats, whatever N.
 */
public final class ExactIndex implements EmbeddingIndex {
  private static final int QUERIES = 256;
  static final int ROWS = 8192;

  private final NDArray gallery; // (N, E), unit length
  private final int size;
  private final int width;

  /**
   * An index over an array.
   *
   * @param gallery {@code (N, E)}, float32, L2-normalised; stays the caller's and must outlive this
   * @throws IllegalArgumentException when it has another shape or dtype, no row, or a NaN
   */
  public ExactIndex(NDArray gallery) {
    this(gallery, true);
  }

  /** Without the pass over all values, where the caller has made one. */
  ExactIndex(NDArray gallery, boolean checkValues) {
    Shapes.check("gallery", gallery, "N, E", "one row per item", -1, -1);
    if (checkValues && gallery.getShape().get(0) == 0) {
      throw new IllegalArgumentException("An index needs embeddings, got none");
    }
    if (checkValues) {
      Retrieval.checkValues("gallery", gallery);
    }
    this.gallery = gallery;
    this.size = (int) gallery.getShape().get(0);
    this.width = (int) gallery.getShape().get(1);
  }

  @Override
  public int size() {
    return size;
  }

  @Override
  public Neighbours search(float[][] queries, int k) {
    CosineRows.checkQueries(queries, width, k);
    int[][] rows = new int[queries.length][];
    float[][] similarities = new float[queries.length][];
    int found = Math.min(k, size);
    for (int from = 0; from < queries.length; from += QUERIES) {
      float[][] some = Arrays.copyOfRange(queries, from, Math.min(queries.length, from + QUERIES));
      try (NDManager scope = gallery.getManager().newSubManager()) {
        NDList best = best(scope, scope.create(some).normalize(2, 1), found);
        float[] values = best.get(0).toFloatArray();
        long[] at = best.get(1).toLongArray();
        for (int i = 0; i < some.length; i++) {
          int start = i * found;
          similarities[from + i] = Arrays.copyOfRange(values, start, start + found);
          rows[from + i] =
              Arrays.stream(at, start, start + found).mapToInt(Math::toIntExact).toArray();
        }
      }
    }
    return new Neighbours(rows, similarities);
  }

  /** Similarities and rows of the k best, both {@code (Q, k)}; kept while blocks go by. */
  private NDList best(NDManager scope, NDArray queries, int k) {
    NDArray values = null;
    NDArray rows = null;
    for (int from = 0; from < size; from += ROWS) {
      int to = Math.min(size, from + ROWS);
      try (NDManager inner = scope.newSubManager()) {
        NDArray block = gallery.get(from + ":" + to);
        block.attach(inner);
        NDArray similarity = block.matMul(queries.transpose()).transpose(); // (Q, T)
        NDList top = similarity.topK(Math.min(k, to - from), 1, true, true);
        NDArray topValues = top.get(0);
        NDArray topRows = top.get(1).toType(DataType.INT64, false).add((long) from);
        if (values != null) {
          NDArray allValues = NDArrays.concat(new NDList(topValues, values), 1);
          NDArray allRows = NDArrays.concat(new NDList(topRows, rows), 1);
          NDList merged =
              allValues.topK((int) Math.min(k, allValues.getShape().get(1)), 1, true, true);
          topValues = merged.get(0);
          topRows = allRows.gather(merged.get(1), 1);
        }
        topValues.attach(scope);
        topRows.attach(scope);
        values = topValues;
        rows = topRows;
      }
    }
    return new NDList(values, rows);
  }

  /** The gallery is the caller's. */
  @Override
  public void close() {}
}
