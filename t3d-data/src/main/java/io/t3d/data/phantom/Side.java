package io.t3d.data.phantom;

import java.util.Locale;

/** A side of the patient, not of the picture. */
public enum Side {
  /** The patient's right, x &gt; 0 in RAS+. */
  RIGHT(1),
  /** The patient's left, x &lt; 0 in RAS+. */
  LEFT(-1),
  /** In the middle, or of no side. */
  MIDLINE(0);

  private final int sign;

  Side(int sign) {
    this.sign = sign;
  }

  /** The sign of x in RAS+. */
  public int sign() {
    return sign;
  }

  /** As reports write it, e.g. {@code left}. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
