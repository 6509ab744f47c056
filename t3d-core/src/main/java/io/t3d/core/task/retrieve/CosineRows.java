package io.t3d.core.task.retrieve;

import io.t3d.core.task.internal.Embeddings;

/** Embeddings of which only the direction counts. */
final class CosineRows {
  private CosineRows() {}

  /** Checks rows that are compared by cosine, and how many neighbours are wanted. */
  static void checkQueries(float[][] rows, int width, int k) {
    if (k < 1) {
      throw new IllegalArgumentException("k must be > 0, got " + k);
    }
    for (int i = 0; i < rows.length; i++) {
      check(rows[i], i, width);
    }
  }

  /** Checks one row. */
  static void check(float[] row, int at, int width) {
    Embeddings.checkRow("embeddings", row, at, width);
    if (length(row) == 0) {
      throw new IllegalArgumentException(
          "embeddings must have a direction, got a row of zeros at row " + at);
    }
  }

  /** The same direction at length 1. */
  static float[] unit(float[] row) {
    double length = length(row);
    float[] out = new float[row.length];
    for (int e = 0; e < out.length; e++) {
      out[e] = (float) (row[e] / length);
    }
    return out;
  }

  private static double length(float[] row) {
    double sum = 0;
    for (float v : row) {
      sum += (double) v * v;
    }
    return Math.sqrt(sum);
  }
}
