package io.t3d.bench.report;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.function.LongSupplier;

/** The time that a report may take, and what was left out because it was short. */
final class Budget {
  private final LongSupplier nanos;
  private final long start;
  private final double seconds;
  private final List<String> leftOut = new ArrayList<>();

  /** Starts now. */
  Budget(double seconds) {
    this(seconds, System::nanoTime);
  }

  /** With a clock of one's own. */
  Budget(double seconds, LongSupplier nanos) {
    this.seconds = seconds;
    this.nanos = nanos;
    this.start = nanos.getAsLong();
  }

  /** Seconds since the start. */
  double spent() {
    return (nanos.getAsLong() - start) / 1e9;
  }

  /** Seconds that are left; never below 0. */
  double left() {
    return Math.max(0, seconds - spent());
  }

  /**
   * Whether there is time for something; else it is noted.
   *
   * @param what it is
   * @param needed seconds that it takes by experience
   */
  boolean allows(String what, double needed) {
    boolean fits = left() >= needed;
    if (!fits) {
      leaveOut(what, String.format("needs some %.0f s, %.0f s were left", needed, left()));
    }
    return fits;
  }

  /** Notes what is not run. */
  void leaveOut(String what, String why) {
    leftOut.add(what + ": " + why);
  }

  /** What was not run, and why. */
  List<String> leftOut() {
    return Collections.unmodifiableList(leftOut);
  }
}
