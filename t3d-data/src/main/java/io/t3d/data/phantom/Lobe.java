package io.t3d.data.phantom;

import java.util.Locale;

/** A lobe of the lungs. */
public enum Lobe {
  /** Right, above the horizontal fissure. */
  RIGHT_UPPER(Side.RIGHT, Structure.RIGHT_UPPER_LOBE),
  /** Right, between the fissures. */
  RIGHT_MIDDLE(Side.RIGHT, Structure.RIGHT_MIDDLE_LOBE),
  /** Right, behind the oblique fissure. */
  RIGHT_LOWER(Side.RIGHT, Structure.RIGHT_LOWER_LOBE),
  /** Left, before the oblique fissure. */
  LEFT_UPPER(Side.LEFT, Structure.LEFT_UPPER_LOBE),
  /** Left, behind the oblique fissure. */
  LEFT_LOWER(Side.LEFT, Structure.LEFT_LOWER_LOBE);

  private final Side side;
  private final Structure structure;

  Lobe(Side side, Structure structure) {
    this.side = side;
    this.structure = structure;
  }

  /** The side it lies on. */
  public Side side() {
    return side;
  }

  /** Its value in the mask. */
  public Structure structure() {
    return structure;
  }

  /** As reports write it, e.g. {@code right upper lobe}. */
  public String words() {
    return name().toLowerCase(Locale.ROOT).replace('_', ' ') + " lobe";
  }
}
