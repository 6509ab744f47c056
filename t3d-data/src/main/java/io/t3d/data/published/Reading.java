package io.t3d.data.published;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The studies that a layout found in a folder, and its problems.
 *
 * @param studies the usable studies, in the order of the set's tables
 * @param dropped how many rows or files were left out, by reason; that is usual and no problem
 * @param badRows rows that contradict the layout, with table and row number; none is among the
 *     studies as it stands
 * @param problems what keeps the set from being read: missing tables and columns
 */
public record Reading(
    List<Study> studies,
    Map<String, Integer> dropped,
    List<String> badRows,
    List<String> problems) {
  /** Copies the collections. */
  public Reading {
    studies = List.copyOf(studies);
    dropped = Map.copyOf(dropped);
    badRows = List.copyOf(badRows);
    problems = List.copyOf(problems);
  }

  /** Collects while an adapter reads. */
  static final class Collector {
    private final List<Study> studies = new ArrayList<>();
    private final Map<String, Integer> dropped = new TreeMap<>();
    private final List<String> badRows = new ArrayList<>();
    private final List<String> problems = new ArrayList<>();

    void study(Study study) {
      studies.add(study);
    }

    void drop(String reason) {
      dropped.merge(reason, 1, Integer::sum);
    }

    void badRow(Table.Row row, String what) {
      badRows.add(row + ": " + what);
    }

    void problem(String text) {
      problems.add(text);
    }

    boolean hasProblems() {
      return !problems.isEmpty();
    }

    Reading result() {
      return new Reading(studies, dropped, badRows, problems);
    }
  }
}
