package io.t3d.cli.picture;

import java.awt.Color;
import java.awt.Font;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.image.BufferedImage;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes on pictures. Where the machine has no fonts (a JRE in a bare container) pictures go
 * without letters, and the log says so once.
 */
final class Lettering {
  private static final Logger LOG = LoggerFactory.getLogger(Lettering.class);
  private static final Font FONT = new Font(Font.SANS_SERIF, Font.PLAIN, 14);

  /** The room a line of text takes, in pixels. */
  static final int LINE = 20;

  private static final boolean AVAILABLE = isAvailable();

  private final Graphics2D graphics;

  Lettering(BufferedImage picture) {
    graphics = picture.createGraphics();
    graphics.setRenderingHint(
        RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
  }

  @SuppressWarnings("CatchingUnchecked") // the JDK throws this and that where fonts are missing
  private static boolean isAvailable() {
    try {
      BufferedImage one = new BufferedImage(1, 1, BufferedImage.TYPE_INT_RGB);
      Graphics2D graphics = one.createGraphics();
      graphics.setFont(FONT);
      boolean any = graphics.getFontMetrics().stringWidth("R") > 0;
      graphics.dispose();
      return any;
    } catch (RuntimeException | LinkageError | InternalError e) {
      LOG.warn(
          "This machine has no fonts, so pictures have no letters ({}): apt-get install"
              + " fontconfig fonts-dejavu-core",
          e.toString());
      return false;
    }
  }

  int width(String text) {
    if (!AVAILABLE) {
      return 0;
    }
    graphics.setFont(FONT);
    return graphics.getFontMetrics().stringWidth(text);
  }

  /** Writes with the text's left end and the middle of its height at a point. */
  void write(String text, int x, int y) {
    if (!AVAILABLE) {
      return;
    }
    graphics.setFont(FONT);
    int base = y + graphics.getFontMetrics().getAscent() / 2 - 1;
    graphics.setColor(Color.BLACK); // a dark rim, so that letters stand out on white too
    for (int dx = -1; dx <= 1; dx++) {
      for (int dy = -1; dy <= 1; dy++) {
        graphics.drawString(text, x + dx, base + dy);
      }
    }
    graphics.setColor(Color.WHITE);
    graphics.drawString(text, x, base);
  }

  /** The same with the text's middle, or its right end, at {@code x}. */
  void writeCentred(String text, int x, int y) {
    write(text, x - width(text) / 2, y);
  }

  void writeBefore(String text, int x, int y) {
    write(text, x - width(text), y);
  }

  void box(int rgb, int x, int y, int width, int height) {
    graphics.setColor(new Color(rgb));
    graphics.fillRect(x, y, width, height);
  }

  void close() {
    graphics.dispose();
  }
}
