package io.t3d.examples.benchmark;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What a task found.
 *
 * @param scores metric → value
 * @param roc see {@link Cell#roc}
 */
record TaskResult(Map<String, Double> scores, List<Double> roc) {
  TaskResult {
    scores = Collections.unmodifiableMap(new LinkedHashMap<>(scores));
    roc = List.copyOf(roc);
  }

  static TaskResult of(Map<String, Double> scores) {
    return new TaskResult(scores, List.of());
  }
}
