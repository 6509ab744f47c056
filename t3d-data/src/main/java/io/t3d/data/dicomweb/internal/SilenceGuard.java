package io.t3d.data.dicomweb.internal;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;

/**
 * Closes a stream from which nothing came for too long, or that does not end in time: the JDK's
 * client would wait forever.
 */
public final class SilenceGuard extends FilterInputStream {
  private static final ScheduledExecutorService CLOCK =
      Executors.newSingleThreadScheduledExecutor(
          task -> {
            Thread thread = new Thread(task, "t3d-dicomweb-clock");
            thread.setDaemon(true);
            return thread;
          });

  private final Duration longest;
  private final long end;
  private volatile boolean silent;

  /**
   * Guards a stream.
   *
   * @param longest time in which nothing comes
   * @param end of all reading, by {@link System#nanoTime}
   */
  public SilenceGuard(InputStream in, Duration longest, long end) {
    super(in);
    this.longest = longest;
    this.end = end;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] buffer, int offset, int length) throws IOException {
    long left = Math.min(longest.toNanos(), end - System.nanoTime());
    if (left <= 0) {
      giveUp(); // a stream of single bytes would outrun the alarm
    }
    ScheduledFuture<?> alarm = CLOCK.schedule(this::giveUp, left, TimeUnit.NANOSECONDS);
    try {
      int count = in.read(buffer, offset, length);
      if (silent) {
        throw timeout();
      }
      return count;
    } catch (IOException e) {
      throw silent ? timeout() : e;
    } finally {
      alarm.cancel(false);
    }
  }

  private void giveUp() {
    silent = true;
    try {
      in.close();
    } catch (IOException e) {
      // It is given up as it is.
    }
  }

  private HttpTimeoutException timeout() {
    return new HttpTimeoutException("nothing came for " + longest.toSeconds() + " s");
  }
}
