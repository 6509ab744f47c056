package io.t3d.data.phantom;

/** The extent of a finding. */
public enum Severity {
  /** Small or mild. */
  SMALL,
  /** Moderate. */
  MODERATE,
  /** Large or severe. */
  LARGE
}
