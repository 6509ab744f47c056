package io.t3d.serve.internal;

import java.time.Duration;

/** The moment by which a request is to be answered. */
public final class Deadline {
  private final long end;
  private final Duration whole;

  private Deadline(Duration whole) {
    this.whole = whole;
    this.end = System.nanoTime() + whole.toNanos();
  }

  /** From now on. */
  public static Deadline in(Duration whole) {
    return new Deadline(whole);
  }

  /** Nanoseconds that are left; negative when it is past. */
  public long left() {
    return end - System.nanoTime();
  }

  /** Whether it is past. */
  public boolean isPast() {
    return left() <= 0;
  }

  /** For a request that nobody has begun to work on. */
  public Refusal neverBegun() {
    return Refusal.later(
        503, 1, "the service was too busy to begin within " + seconds() + "; try again later");
  }

  /** For a request that is worked on. */
  public Refusal tooSlow() {
    return Refusal.of(
        504,
        "not done within "
            + seconds()
            + "; send a smaller volume, or raise --timeout of the service");
  }

  /** For a client that takes too long to send its request. */
  public Refusal slowClient() {
    return Refusal.of(408, "the request did not arrive within " + seconds() + "; send it faster");
  }

  private String seconds() {
    return whole.toMillis() / 1000.0 + " s";
  }
}
