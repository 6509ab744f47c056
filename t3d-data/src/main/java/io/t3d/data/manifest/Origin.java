package io.t3d.data.manifest;

import java.util.Objects;

/**
 * The published set and id that a row of a merged manifest comes from.
 *
 * @param source the data set, e.g. {@code ct-rate}; empty when not known
 * @param id what the data set calls the volume; empty when not known
 */
public record Origin(String source, String id) {
  private static final Origin UNKNOWN = new Origin("", "");

  /** Checks for null. */
  public Origin {
    Objects.requireNonNull(source, "source");
    Objects.requireNonNull(id, "id");
  }

  /** The manifest says nothing. */
  public static Origin unknown() {
    return UNKNOWN;
  }
}
