package io.t3d.serve.internal.http;

import jakarta.servlet.ServletInputStream;
import jakarta.servlet.http.HttpServletRequest;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;

/**
 * Takes what a client still sends after its request was refused. A connection that is closed with
 * bytes unread is reset, and the client may lose the answer that says why.
 *
 * <p>No thread waits for the bytes: a clock has one look for them, some times in a second. A
 * listener of the stream would be told, but Jetty warns of each request that ends while one still
 * listens, as those of clients that send on do.
 */
final class Leftovers {
  private static final long MOST_BYTES = 64L << 20;
  private static final long LONGEST_NANOS = 1_000_000_000L;
  private static final long LONGEST_SILENCE_NANOS = 200_000_000L;
  private static final int PAUSE_MILLIS = 10;

  /** Bytes of one look, after which others have their turn. */
  private static final long MOST_BYTES_AT_ONCE = 4L << 20;

  /** A client of which a look takes so many will soon be done, or over the bound of all bytes. */
  private static final long FAST_BYTES_AT_ONCE = 1L << 16;

  private final ServletInputStream in;
  private final Executor threads;
  private final CompletableFuture<Void> done = new CompletableFuture<>();
  private final byte[] buffer = new byte[1 << 14];
  private final long begun = System.nanoTime();
  private long heard = begun;
  private long bytes;

  private Leftovers(ServletInputStream in, Executor threads) {
    this.in = in;
    this.threads = threads;
  }

  /** Whether the client may be sending: its body is not at its end, and does not wait for us. */
  static boolean mayCome(HttpServletRequest request) {
    boolean waitsForUs = request.getHeader("Expect") != null;
    if (waitsForUs || (request.getContentLengthLong() <= 0 && !isChunked(request))) {
      return false;
    }
    try {
      return !request.getInputStream().isFinished();
    } catch (IOException | RuntimeException e) {
      return false; // The client is gone, or sends no HTTP: there is nobody to be polite to.
    }
  }

  private static boolean isChunked(HttpServletRequest request) {
    return request.getHeader("Transfer-Encoding") != null;
  }

  /**
   * Takes the rest of a body, within bounds, and waits little for a client that sends nothing.
   *
   * @param request of which asynchronous processing has begun
   * @param threads look for bytes, and run what follows
   * @return done when the body is at its end or its client is waited for no more; never fails
   */
  static CompletableFuture<Void> take(HttpServletRequest request, Executor threads) {
    try {
      Leftovers rest = new Leftovers(request.getInputStream(), threads);
      rest.look();
      return rest.done;
    } catch (IOException | RuntimeException e) {
      return CompletableFuture.completedFuture(null); // as above
    }
  }

  private void look() {
    if (isEnough()) {
      done.complete(null);
    } else {
      CompletableFuture.delayedExecutor(PAUSE_MILLIS, TimeUnit.MILLISECONDS, threads)
          .execute(this::look);
    }
  }

  private boolean isEnough() {
    try {
      long before = bytes;
      while (bytes < before + MOST_BYTES_AT_ONCE && in.available() > 0) {
        bytes += Math.max(0, in.read(buffer));
      }
      if (in.isFinished() || bytes >= MOST_BYTES) {
        return true;
      }
      long now = System.nanoTime();
      if (bytes > before) {
        heard = now;
      }
      boolean late = now - begun > LONGEST_NANOS && bytes - before < FAST_BYTES_AT_ONCE;
      return late || now - heard > LONGEST_SILENCE_NANOS;
    } catch (IOException | RuntimeException e) {
      return true; // as above
    }
  }
}
