package io.t3d.core.config;

import io.t3d.core.internal.Checks;
import java.util.Objects;

/**
 * Rotary positions of a grid of tokens: attention turns pairs of channels of queries and keys by
 * angles that grow with z, y and x, so that a query and a key see how far apart they lie. (Su et
 * al. 2021, "RoFormer"; along axes as in Heo et al. 2024, "Rotary Position Embedding for Vision
 * Transformer")
 *
 * @param coordinates what a token's place counts in
 * @param base the slowest pair turns about this many times as slowly as the fastest
 */
public record Rotary3d(Coordinates coordinates, double base) {
  /** What a token's place counts in. */
  public enum Coordinates {
    /**
     * From -1 to 1 over the view, so that views of any size span the same angles, as in DINOv3,
     * SPECTRE and VoxelFM: angle {@code 2π · (2(i + ½)/n − 1) / base^(j/F)}.
     */
    CENTRED,
    /** Tokens from the view's corner, as in Primus: angle {@code i / base^(j/F)}. */
    INDEX
  }

  /** Checks. */
  public Rotary3d {
    Objects.requireNonNull(coordinates, "Rotary3d.coordinates");
    Checks.positive("Rotary3d.base", base);
  }

  /** Centred coordinates with base 100, as in DINOv3. */
  public static Rotary3d defaults() {
    return new Rotary3d(Coordinates.CENTRED, 100);
  }
}
