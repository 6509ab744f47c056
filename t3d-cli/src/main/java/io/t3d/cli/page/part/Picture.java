package io.t3d.cli.page.part;

import java.util.Base64;

/**
 * A picture inside the page.
 *
 * @param caption below it
 * @param png the file's bytes
 */
public record Picture(String caption, byte[] png) {
  /** The picture as an address. */
  public String source() {
    return "data:image/png;base64," + Base64.getEncoder().encodeToString(png);
  }
}
