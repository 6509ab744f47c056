package io.t3d.data.phantom;

/** How much of a finding there is. */
public enum Severity {
  /** Small or mild. */
  SMALL,
  /** Moderate. */
  MODERATE,
  /** Large or severe. */
  LARGE
}
