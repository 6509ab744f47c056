package io.t3d.data.internal;

import java.util.List;
import java.util.stream.Collectors;

/** Formats a list of problems as part of a readable message. */
public final class Problems {
  private static final int SHOWN = 20;

  private Problems() {}

  /** The first 20, each on a line of its own, and how many more there are. */
  public static String list(List<?> problems) {
    int more = problems.size() - SHOWN;
    return problems.stream().limit(SHOWN).map(p -> "\n  " + p).collect(Collectors.joining())
        + (more > 0 ? "\n  … and " + more + " more" : "");
  }

  /** {@code 1 problem}, {@code 2 problems}. */
  public static String count(List<?> problems) {
    return problems.size() + (problems.size() == 1 ? " problem" : " problems");
  }
}
