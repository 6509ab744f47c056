package io.t3d.cli.benchmark.measure;

/** How a text is scored on a volume. */
public enum ScoreKind {
  /** By the volume's pooled embedding. */
  GLOBAL,
  /** By the tokens that gather around the text. */
  POOLED,
  /**
   * Both, each divided by its standard deviation: over the validation volumes where texts classify,
   * over all pairs of the evaluated split in retrieval.
   */
  SUM;

  /** What the names of its metrics end with, e.g. {@code " pooled"}. */
  public String suffix() {
    return " " + name().toLowerCase(java.util.Locale.ROOT);
  }
}
