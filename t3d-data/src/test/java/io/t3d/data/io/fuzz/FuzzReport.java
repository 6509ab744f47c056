package io.t3d.data.io.fuzz;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** Counts of what readers did with mutants, and every broken promise. */
final class FuzzReport {
  /** What became of one mutant. */
  enum Outcome {
    REFUSED,
    ACCEPTED,
    WORKER_DIED,
    TIMED_OUT,
    BROKEN
  }

  private final Map<String, Map<Outcome, Integer>> counts = new TreeMap<>();
  private final List<String> broken = new ArrayList<>();
  private long mostAllocated;
  private long slowestNanos;

  void add(String format, Outcome outcome) {
    counts
        .computeIfAbsent(format, f -> new EnumMap<>(Outcome.class))
        .merge(outcome, 1, Integer::sum);
  }

  void addBroken(String what) {
    broken.add(what);
  }

  void measured(long allocated, long nanos) {
    mostAllocated = Math.max(mostAllocated, allocated);
    slowestNanos = Math.max(slowestNanos, nanos);
  }

  /** One line per broken promise. */
  List<String> broken() {
    return List.copyOf(broken);
  }

  int count(Outcome outcome) {
    return counts.values().stream().mapToInt(c -> c.getOrDefault(outcome, 0)).sum();
  }

  int total() {
    return counts.values().stream().flatMap(c -> c.values().stream()).mapToInt(n -> n).sum();
  }

  /** A table with a row per format. */
  @Override
  public String toString() {
    StringBuilder text = new StringBuilder(row("format", List.of((Object[]) Outcome.values())));
    counts.forEach((format, byOutcome) -> text.append(row(format, numbers(byOutcome))));
    return text.append(
            String.format(
                Locale.ROOT,
                "%d mutants; most heap of one read %.1f MiB; slowest %.2f s%n",
                total(),
                mostAllocated / 0x1p20,
                slowestNanos / 1e9))
        .toString();
  }

  private static List<Object> numbers(Map<Outcome, Integer> byOutcome) {
    List<Object> numbers = new ArrayList<>();
    for (Outcome outcome : Outcome.values()) {
      numbers.add(byOutcome.getOrDefault(outcome, 0));
    }
    return numbers;
  }

  private static String row(String name, List<Object> cells) {
    StringBuilder row = new StringBuilder(String.format(Locale.ROOT, "%-22s", name));
    for (Object cell : cells) {
      row.append(String.format(Locale.ROOT, " %11s", cell));
    }
    return row.append(System.lineSeparator()).toString();
  }
}
