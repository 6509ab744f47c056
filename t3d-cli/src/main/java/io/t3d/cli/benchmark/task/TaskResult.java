package io.t3d.cli.benchmark.task;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a task found.
 *
 * @param scores metric → value
 * @param roc true-positive rate at false-positive rates 0, 0.01, …, 1; empty where there is none
 */
public record TaskResult(Map<String, Double> scores, List<Double> roc) {
  /** Copies. */
  public TaskResult {
    scores = Collections.unmodifiableMap(new LinkedHashMap<>(scores));
    roc = List.copyOf(roc);
  }

  /** Without a curve. */
  public static TaskResult of(Map<String, Double> scores) {
    return new TaskResult(scores, List.of());
  }
}
