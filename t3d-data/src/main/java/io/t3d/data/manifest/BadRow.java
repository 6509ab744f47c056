package io.t3d.data.manifest;

/**
 * A manifest row that cannot be used, with the reason.
 *
 * @param row the pair
 * @param reason what is wrong and the likely fix
 */
public record BadRow(ManifestRow row, String reason) {
  @Override
  public String toString() {
    return row + ": " + reason;
  }
}
