package io.t3d.core.task.internal;

import ai.djl.ndarray.NDArray;
import io.t3d.core.internal.Shapes;

/** Embeddings as rows of plain numbers. */
public final class Embeddings {
  private Embeddings() {}

  /**
   * Copies an array.
   *
   * @param name what the caller calls it
   * @param array {@code (B, D)}, float32
   * @param width D; -1 for any
   * @throws IllegalArgumentException when the shape or dtype differs
   */
  public static float[][] rows(String name, NDArray array, int width) {
    Shapes.check(name, array, "B, D", "they must come from the encoder that was used", -1, width);
    Shapes.requireFloat32(name, array);
    int columns = (int) array.getShape().get(1);
    float[] flat = array.toFloatArray();
    float[][] rows = new float[(int) array.getShape().get(0)][columns];
    for (int i = 0; i < rows.length; i++) {
      System.arraycopy(flat, i * columns, rows[i], 0, columns);
    }
    return rows;
  }

  /**
   * Checks count and width of rows and that all numbers are finite.
   *
   * @param name what the caller calls them
   * @param rows {@code (B, D)}
   * @param count B
   * @param width D
   * @throws IllegalArgumentException naming the first row that does not fit
   */
  public static void check(String name, float[][] rows, int count, int width) {
    if (rows.length != count) {
      throw new IllegalArgumentException(
          name + " must have one row per sample (" + count + "), got " + rows.length);
    }
    for (int i = 0; i < rows.length; i++) {
      checkRow(name, rows[i], i, width);
    }
  }

  /**
   * Checks the width of one row and that its numbers are finite.
   *
   * @param name what the caller calls the rows
   * @param row {@code (D)}
   * @param at its number
   * @param width D
   * @throws IllegalArgumentException when it does not fit
   */
  public static void checkRow(String name, float[] row, int at, int width) {
    if (row.length != width) {
      throw new IllegalArgumentException(
          name
              + " must have D = "
              + width
              + " columns, got "
              + row.length
              + " in row "
              + at
              + "; they must come from the encoder that was used");
    }
    for (float v : row) {
      if (!Float.isFinite(v)) {
        throw new IllegalArgumentException(
            name + " must be finite, got " + v + " in row " + at + "; the model has diverged");
      }
    }
  }
}
