package io.t3d.serve.internal.http;

import jakarta.servlet.ServletInputStream;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;

/**
 * Takes what a client still sends after its request was refused. A connection that is closed with
 * bytes unread is reset, and the client may lose the answer that says why.
 */
final class Leftovers {
  private static final long MOST_BYTES = 64L << 20;
  private static final long LONGEST_NANOS = 1_000_000_000L;
  private static final long LONGEST_SILENCE_NANOS = 200_000_000L;
  private static final int PAUSE_MILLIS = 2;

  private Leftovers() {}

  /** Takes the rest of a body, within bounds, and never waits for a client that sends nothing. */
  static void take(HttpServletRequest request) {
    boolean waitsForUs = request.getHeader("Expect") != null;
    if (waitsForUs || (request.getContentLengthLong() <= 0 && !isChunked(request))) {
      return;
    }
    try {
      take(request.getInputStream());
    } catch (IOException | RuntimeException e) {
      // The client is gone, or sends no HTTP: there is nobody to be polite to.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private static boolean isChunked(HttpServletRequest request) {
    return request.getHeader("Transfer-Encoding") != null;
  }

  private static void take(ServletInputStream in) throws IOException, InterruptedException {
    byte[] buffer = new byte[1 << 16];
    long begun = System.nanoTime();
    long heard = begun;
    long bytes = 0;
    while (!in.isFinished() && bytes < MOST_BYTES) {
      long now = System.nanoTime();
      if (in.available() > 0) {
        bytes += Math.max(0, in.read(buffer));
        heard = now;
      } else if (now - begun > LONGEST_NANOS || now - heard > LONGEST_SILENCE_NANOS) {
        return;
      } else {
        Thread.sleep(PAUSE_MILLIS);
      }
    }
  }
}
