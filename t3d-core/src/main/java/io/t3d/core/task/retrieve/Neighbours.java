package io.t3d.core.task.retrieve;

import java.util.Arrays;

/**
 * Search results, best first.
 *
 * @param rows {@code [Q][k]}: for each query, positions in the gallery
 * @param similarities {@code [Q][k]}: their cosines; of a search in two stages, what its second
 *     ranks by
 */
public record Neighbours(int[][] rows, float[][] similarities) {
  /** Rows and similarities, in numbers. */
  @Override
  public String toString() {
    return "Neighbours[rows="
        + Arrays.deepToString(rows)
        + ", similarities="
        + Arrays.deepToString(similarities)
        + "]";
  }
}
