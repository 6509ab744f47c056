package io.t3d.core.task;

import java.util.Locale;

/**
 * The kinds of score for how well a text fits a volume; {@link TextScores} computes the first two.
 */
public enum TextScore {
  /** By the volume as a whole: the cosine of pooled embedding and text. */
  GLOBAL,
  /** By what the text points at: the cosine of the text and the tokens gathered around it. */
  POOLED,
  /** Both, each divided by its spread, added. */
  SUM;

  /** The name in lower case, as metrics and options have it. */
  public String key() {
    return name().toLowerCase(Locale.ROOT);
  }
}
