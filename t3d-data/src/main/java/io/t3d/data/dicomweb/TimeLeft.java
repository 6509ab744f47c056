package io.t3d.data.dicomweb;

import java.time.Duration;

/** The time that a task has. */
final class TimeLeft {
  private final Duration whole;
  private final long end;

  TimeLeft(Duration whole) {
    this.whole = whole;
    this.end = System.nanoTime() + whole.toNanos();
  }

  /** By {@link System#nanoTime}. */
  long end() {
    return end;
  }

  boolean isOver() {
    return end - System.nanoTime() <= 0;
  }

  /** Whether a pause ends before the time does. */
  boolean allows(Duration pause) {
    return pause.toNanos() < end - System.nanoTime();
  }

  /** The shorter one of a time and what is left; at least a millisecond. */
  Duration atMost(Duration time) {
    Duration left = Duration.ofNanos(Math.max(1_000_000, end - System.nanoTime()));
    return time.compareTo(left) < 0 ? time : left;
  }

  /** For messages. */
  String seconds() {
    return whole.toMillis() / 1000.0 + " s";
  }
}
