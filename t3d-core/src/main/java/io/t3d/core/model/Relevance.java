package io.t3d.core.model;

import java.util.Arrays;

/**
 * Where in a volume its visual tokens gather around a text: the weights of the {@linkplain
 * io.t3d.core.internal.kernel.TokenGather gathering} that pre-training aligns with sentences.
 *
 * <p>The weights tell what the text-pooled score of this text looks at. They are no segmentation
 * and no proof: see docs/benchmark.md, "pointing", for how well they point on phantoms.
 *
 * @param text the text
 * @param weights N weights in the grid's (z, y, x) order; not negative, their sum is 1
 * @param score cosine between the text and the tokens gathered around it
 * @param grid where the N tokens lie in the patient; its affine maps a token's index to RAS+ mm
 */
public record Relevance(String text, float[] weights, double score, TokenGrid grid) {
  /** Checks the count. */
  public Relevance {
    if (weights.length != grid.size() || grid.affines().size() != 1) {
      throw new IllegalArgumentException(
          "weights must have one value per token of one volume ("
              + grid.size()
              + "), got "
              + weights.length
              + " for "
              + grid.affines().size()
              + " volume(s)");
    }
  }

  /** World position (x, y, z) in mm, RAS+, of the centre of the heaviest token. */
  public double[] peak() {
    int best = 0;
    for (int n = 1; n < weights.length; n++) {
      best = weights[n] > weights[best] ? n : best;
    }
    int x = best % grid.width();
    int y = best / grid.width() % grid.height();
    int z = best / (grid.width() * grid.height());
    return grid.affines().get(0).apply(x, y, z);
  }

  /** Text, score and peak; of the weights their number. */
  @Override
  public String toString() {
    return "Relevance[text="
        + text
        + ", score="
        + score
        + ", peak="
        + Arrays.toString(peak())
        + " mm, RAS+, "
        + weights.length
        + " weights]";
  }
}
